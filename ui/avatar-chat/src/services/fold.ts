/**
 * The conversation as a fold over its facts: the same rules as `projections/conversation.py`, so that what the page
 * shows after an event is what the gateway would answer after it. A test folds the same facts with both.
 */

import type {
  Event,
  FaceMade,
  FaceRefused,
  FaceRequested,
  Fact,
  MessageReceived,
  PlaybackFinished,
  PlaybackProgress,
  PlaybackStarted,
  ReplyEnded,
  ReplyFailed,
  ReplyInterrupted,
  ReplySentence,
  ReplyStarted,
  SpeechEnded,
  SpeechFailed,
  SpeechStarted,
  TranscriptFinal,
  UtteranceDiscarded,
  UtteranceEnded,
  UtteranceStarted,
} from '../generated/events'
import type { ConversationView, NewFace, PersonPart, ReplyPart, SentenceView, TurnView } from './view'

type PersonFact = UtteranceStarted | UtteranceEnded | UtteranceDiscarded | TranscriptFinal | MessageReceived
type FaceFact = FaceRequested | FaceMade | FaceRefused
type ReplyFact = ReplyStarted | ReplySentence | ReplyEnded | ReplyInterrupted | ReplyFailed
type SpeechFact = SpeechStarted | SpeechEnded | SpeechFailed | PlaybackStarted | PlaybackProgress | PlaybackFinished

/** Book-keeping that the gateway's answer leaves out; unknown for what was there when the page was opened. */
interface Said extends PersonPart {
  /** The utterance or message that it came in. */
  readonly source?: string
}
interface Told extends SentenceView {
  /** How much of its speech has been played, samples at 48 kHz. */
  readonly played?: number
}

const TITLE_LENGTH = 60

/** A title from the first thing said: its first words, up to 60 characters. */
export function titleOf(text: string): string {
  // By code points, as Python counts.
  let words = Array.from(text.trim().split(/\s+/).join(' '))
  if (words.length > TITLE_LENGTH) {
    const head = words.slice(0, TITLE_LENGTH - 1)
    const cut = head.lastIndexOf(' ')
    const kept = (cut > Math.floor(TITLE_LENGTH / 2) ? head.slice(0, cut) : head).join('')
    words = Array.from(`${kept.replace(/[ ,.;:-]+$/u, '')}…`)
  }
  return (words[0] ?? '').toUpperCase() + words.slice(1).join('')
}

/** The conversation after this event; unchanged where the event's sequence has been applied already. */
export function fold(view: ConversationView, seq: number, event: Event): ConversationView {
  return seq <= view.seq ? view : { ...apply(view, event, event.body), seq }
}

function apply(view: ConversationView, event: Event, body: Fact): ConversationView {
  switch (body.type) {
    case 'conversation.opened':
      return { ...view, character: body.character, language: body.language }
    case 'conversation.titled':
      return { ...view, title: body.title }
    case 'conversation.character_chosen':
      return { ...view, character: body.character }
    case 'face.requested':
    case 'face.made':
    case 'face.refused':
      return { ...view, faces: foldFaces(view.faces, body) }
    case 'utterance.started':
    case 'utterance.ended':
    case 'utterance.discarded':
    case 'transcript.final':
    case 'message.received':
      return foldPerson(view, event, body)
    case 'reply.started':
    case 'reply.sentence':
    case 'reply.ended':
    case 'reply.interrupted':
    case 'reply.failed':
      return changeReply(view, event, body, (reply) => foldReply(reply, body))
    case 'speech.started':
    case 'speech.ended':
    case 'speech.failed':
    case 'playback.started':
    case 'playback.progress':
    case 'playback.finished':
      return changeReply(view, event, body, (reply) => foldSpeech(reply, body))
    case 'conversation.closed':
    case 'command.recognised':
    case 'command.refused':
    case 'session.opened':
    case 'session.closed':
    case 'frames.started':
    case 'frames.ended':
    case 'frames.failed':
    case 'service.step_repeated':
    case 'service.step_failed':
      return view
    default:
      // A new fact is a compile error here; one from a newer gateway changes nothing.
      body satisfies never
      return view
  }
}

// characters of photos

function foldFaces(faces: readonly NewFace[], body: FaceFact): readonly NewFace[] {
  const { character } = body
  if (body.type === 'face.requested') {
    const others = faces.filter((face) => face.character !== character)
    return [...others, { character, name: body.name, state: 'making', error: null }]
  }
  const outcome =
    body.type === 'face.refused'
      ? ({ state: 'refused', error: body.detail } as const)
      : ({ state: 'made', error: null } as const)
  return faces.map((face) => (face.character === character ? { ...face, ...outcome } : face))
}

function put(view: ConversationView, place: number, turn: TurnView): ConversationView {
  const turns = place < 0 ? [...view.turns, turn] : view.turns.with(place, turn)
  return { ...view, turns }
}

// what the person said

function foldPerson(view: ConversationView, event: Event, body: PersonFact): ConversationView {
  const typed = body.type === 'message.received'
  const source = typed ? body.message : body.utterance
  const key = event.turn ?? source
  const place = view.turns.findLastIndex((turn) => turn.id === key)
  const turn: TurnView = view.turns[place] ?? { id: key, at: event.at, person: null, reply: null }
  const before: Said = turn.person ?? { kind: typed ? 'text' : 'speech', text: '', state: 'listening', source }
  const person = foldSaid(before, body, source)
  const titled = person.text !== before.text && !view.title ? { ...view, title: titleOf(person.text) } : view
  return put(titled, place, { ...turn, person })
}

function foldSaid(said: Said, body: PersonFact, source: string): Said {
  // A turn may hold a second utterance, where the person went on speaking: its words join the first one's.
  // What was given up as lost may have been put back by hand, and heard after all.
  const after = said.state === 'discarded' && body.type === 'transcript.final'
  if (said.source === source && (said.state === 'final' || said.state === 'discarded') && !after) return said
  switch (body.type) {
    case 'utterance.started':
      return { ...said, source, state: 'listening' }
    case 'utterance.ended':
      return { ...said, source, state: 'transcribing' }
    case 'utterance.discarded':
      return { ...said, source, state: said.text ? 'final' : 'discarded' }
    case 'transcript.final':
    case 'message.received': {
      const words = body.text.trim()
      return { ...said, source, state: 'final', text: said.text ? `${said.text} ${words}` : words }
    }
  }
}

// what the character answers

function changeReply(
  view: ConversationView,
  event: Event,
  body: ReplyFact | SpeechFact,
  change: (reply: ReplyPart) => ReplyPart,
): ConversationView {
  const place = view.turns.findLastIndex((turn) => turn.reply?.id === body.reply)
  const turn = view.turns[place]
  if (turn?.reply) {
    const reply = change(turn.reply)
    return reply === turn.reply ? view : put(view, place, { ...turn, reply })
  }
  // Of a reply that is not on record there is nothing to show, unless it begins here.
  if (body.type !== 'reply.started' && body.type !== 'reply.sentence' && body.type !== 'reply.failed') return view
  const character = 'character' in body ? body.character : view.character
  const reply = change({ id: body.reply, character, state: 'telling', heard: null, error: null, sentences: [] })
  const into = view.turns.findLastIndex((candidate) => candidate.id === event.turn)
  const host = view.turns[into] ?? { id: event.turn ?? body.reply, at: event.at, person: null }
  return put(view, into, { ...host, reply })
}

function foldReply(reply: ReplyPart, body: ReplyFact): ReplyPart {
  switch (body.type) {
    case 'reply.started':
      return reply
    case 'reply.sentence': {
      if (reply.sentences.some((sentence) => sentence.index === body.index)) return reply
      const sentence: SentenceView = {
        index: body.index,
        text: body.text,
        emotion: body.emotion,
        speech: null,
        state: reply.state === 'interrupted' ? 'unspoken' : 'written',
      }
      const sentences = [...reply.sentences, sentence].sort((a, b) => a.index - b.index)
      // After it had failed it was put back by hand, and goes on.
      return { ...reply, state: reply.state === 'failed' ? 'telling' : reply.state, error: null, sentences }
    }
    case 'reply.ended':
      return reply.state === 'telling' || reply.state === 'failed' ? { ...reply, state: 'ended', error: null } : reply
    case 'reply.interrupted':
      if (reply.state === 'interrupted') return reply
      return { ...reply, state: 'interrupted', heard: body.heard, sentences: reply.sentences.map(silenced) }
    case 'reply.failed':
      return reply.state === 'telling' ? { ...reply, state: 'failed', error: body.detail } : reply
  }
}

function silenced(sentence: SentenceView): SentenceView {
  if (sentence.state === 'written' || sentence.state === 'spoken') return { ...sentence, state: 'unspoken' }
  return sentence.state === 'playing' ? { ...sentence, state: 'played' } : sentence
}

// how it is spoken

function foldSpeech(reply: ReplyPart, body: SpeechFact): ReplyPart {
  const place = reply.sentences.findIndex((sentence) => sentence.index === body.index)
  const sentence = reply.sentences[place]
  if (!sentence) return reply
  const changed = foldSentence(sentence, body, reply.state === 'interrupted')
  return changed === sentence ? reply : { ...reply, sentences: reply.sentences.with(place, changed) }
}

function foldSentence(sentence: Told, body: SpeechFact, interrupted: boolean): Told {
  const { state, played = 0 } = sentence
  switch (body.type) {
    case 'speech.started':
      return { ...sentence, speech: body.speech, state: state === 'written' ? 'spoken' : state }
    case 'speech.ended':
      return { ...sentence, speech: body.speech }
    case 'speech.failed':
      return state === 'written' || state === 'spoken' ? { ...sentence, state: 'unspoken' } : sentence
    case 'playback.started':
      // Late news of a session that had not heard of the interruption yet.
      return interrupted || state === 'played' ? sentence : { ...sentence, state: 'playing' }
    case 'playback.progress':
      return { ...sentence, played: Math.max(played, body.samples) }
    case 'playback.finished': {
      const samples = Math.max(played, body.samples)
      if (samples) return { ...sentence, state: 'played', played: samples }
      return state === 'playing' ? { ...sentence, state: 'spoken' } : sentence
    }
  }
}
