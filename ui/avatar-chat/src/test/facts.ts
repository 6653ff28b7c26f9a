/** Facts of a conversation with one utterance, one message and one reply, and what each changes in the view. */

import type { Fact } from '../generated/events'
import type { Changes, ConversationView, PersonView, ReplyView, SentenceView, TurnView } from '../generated/view'

/** A fact and the changes that the gateway sends with it. */
export interface Step {
  readonly body: Fact
  readonly changes: (view: ConversationView, turn: string | null) => Changes
}

const OWN = { forwarded: false } as const
const PLAIN = { spoken_text: null, space_before: ' ' } as const
const VOICE = { pace: 1, volume: 1, spoken: true, notice: false, ...PLAIN } as const
const FEELING = { emotion: 'neutral', emotion_before: 'neutral' } as const
const SENTENCE = { language: 'en', emotion: 'neutral', speech: null, state: 'written', ...PLAIN } as const
const NOTHING = { heard: null, error: null, language: '', sentences: [] } as const
const REPLY: ReplyView = { id: 'r', character: 'ada', state: 'telling', ...NOTHING }

function originOf(channel: string) {
  return { channel, account: 'bot', chat: '7', sender: '7', message: '1' }
}

/** A fact that changes its turn. */
function inTurn(body: Fact, change: (turn: TurnView) => Partial<TurnView>): Step {
  const changes = ({ turns }: ConversationView, id: string | null): Changes => {
    const known = turns.findIndex((turn) => turn.id === id)
    const turn = turns[known] ?? { id: id ?? 't1', at: 1_000_000, person: null, reply: null }
    return { turns: [{ place: known < 0 ? turns.length : known, turn: { ...turn, ...change(turn) } }] }
  }
  return { body, changes }
}

function byPerson(body: Fact, state: PersonView['state'], text = '', kind: PersonView['kind'] = 'speech'): Step {
  return inTurn(body, () => ({ person: { kind, text, state, channel: 'web', error: null } }))
}

function inReply(body: Fact, change: (reply: ReplyView) => Partial<ReplyView>): Step {
  return inTurn(body, ({ reply }) => ({ reply: { ...(reply ?? REPLY), ...change(reply ?? REPLY) } }))
}

function ofSentence(body: Fact, index: number, state: SentenceView['state']): Step {
  return inReply(body, ({ sentences }) => ({
    sentences: sentences.map((one) => (one.index === index ? { ...one, state } : one)),
  }))
}

/** A fact that changes nothing that is shown. */
export function unseen(body: Fact): Step {
  return { body, changes: () => ({}) }
}

export const listening = byPerson(
  { type: 'utterance.started', utterance: 'u', session: 's', language: 'en', ...OWN },
  'listening',
)
/** The microphone of another session hears something, too. */
export function listeningBy(session: string, utterance: string): Step {
  return byPerson({ type: 'utterance.started', utterance, session, language: 'en', ...OWN }, 'listening')
}
export function heardTwice(utterance: string, same_as: string): Step {
  const body: Fact = { type: 'utterance.discarded', utterance, reason: 'heard_twice', detail: '', same_as }
  return byPerson(body, 'heard_twice')
}
export const phraseOver = byPerson(
  { type: 'utterance.ended', utterance: 'u', samples: 16000, speech_ended: 8000, reason: 'silence', trace: null },
  'transcribing',
)
export const discarded = byPerson(
  { type: 'utterance.discarded', utterance: 'u', reason: 'no_words', detail: '', same_as: null },
  'discarded',
)
export const replyEnded = inReply(
  { type: 'reply.ended', reply: 'r', sentences: 1, engine: '', prompt_tokens: 0, reply_tokens: 0 },
  () => ({ state: 'ended' }),
)
export const interrupted = inReply({ type: 'reply.interrupted', reply: 'r', heard: '', by: 'button' }, () => ({
  state: 'interrupted',
  heard: '',
}))

export function transcribed(text: string): Step {
  const found = { language: 'en', confidence: 1, words: [], engine: '' }
  return byPerson({ type: 'transcript.final', utterance: 'u', text, ...found, ...OWN }, 'final', text)
}

export function written(text: string, message = 'm'): Step {
  const body: Fact = { type: 'message.received', message, text, channel: 'web', origin: null, ...OWN }
  return byPerson(body, 'final', text, 'text')
}

/** A message that was written elsewhere. */
export function writtenIn(channel: string, text: string): Step {
  const body: Fact = { type: 'message.received', message: 'm', text, channel, origin: originOf(channel), ...OWN }
  return inTurn(body, () => ({ person: { kind: 'text', text, state: 'final', channel, error: null } }))
}

/** A voice note was sent elsewhere; its words come later. */
export function noted(channel: string): Step {
  const about = { origin: originOf(channel), media: 'f', kind: 'voice', bytes: 0, ...OWN } as const
  return noteHeard(channel, { type: 'channel.voice_note_received', utterance: 'v', ...about })
}

/** Its transcription has begun. */
export function noteBegun(channel: string): Step {
  return noteHeard(channel, { type: 'utterance.started', utterance: 'v', session: null, language: 'und', ...OWN })
}

function noteHeard(channel: string, body: Fact): Step {
  return inTurn(body, () => ({ person: { kind: 'speech', text: '', state: 'listening', channel, error: null } }))
}

export function noteDiscarded(channel: string, detail: string): Step {
  const body: Fact = { type: 'utterance.discarded', utterance: 'v', reason: 'too_long', detail, same_as: null }
  const error = detail || null
  return inTurn(body, () => ({ person: { kind: 'speech', text: '', state: 'discarded', channel, error } }))
}

export function noteTranscribed(channel: string, text: string): Step {
  const found = { language: 'en', confidence: 1, words: [], engine: '' }
  const body: Fact = { type: 'transcript.final', utterance: 'v', text, ...found, ...OWN }
  return inTurn(body, () => ({ person: { kind: 'speech', text, state: 'final', channel, error: null } }))
}

interface Manner {
  readonly language?: string
  readonly spoken?: boolean
}

export function sentence(index: number, text = `Sentence ${index}.`, how: Manner = {}): Step {
  const about = { character: 'ada', ...FEELING, ...VOICE, language: 'en', ...how }
  return inReply({ type: 'reply.sentence', reply: 'r', index, text, ...about }, ({ sentences }) => ({
    state: 'telling',
    error: null,
    sentences: [...sentences, { index, text, ...SENTENCE, language: about.language }],
  }))
}

function part(index: number) {
  return { speech: `s${index}`, reply: 'r', index }
}

export function spoken(index: number): Step {
  const about = { character: 'ada', voice: 'female', engine: '', ...FEELING }
  return ofSentence({ type: 'speech.started', ...part(index), ...about }, index, 'spoken')
}

export function playing(index: number): Step {
  const how = { video: true, trace: null }
  return ofSentence({ type: 'playback.started', session: 's', ...part(index), ...how }, index, 'playing')
}

export function played(index: number): Step {
  const whole = { samples: 9, complete: true, frames: 1, trace: null }
  return ofSentence({ type: 'playback.finished', session: 's', ...part(index), ...whole }, index, 'played')
}

export function failed(detail: string): Step {
  const body: Fact = { type: 'reply.failed', reply: 'r', code: 'engine_failed', detail }
  return inReply(body, () => ({ state: 'failed', error: detail }))
}

export function chosen(character: string): Step {
  return { body: { type: 'conversation.character_chosen', character }, changes: () => ({ character }) }
}

/** A face was requested from a photo. */
export function faceRequested(character: string, name: string): Step {
  const words = { tagline: '', personality: '', greeting: '', voice: 'female', language: 'en' }
  const body: Fact = { type: 'face.requested', character, photo: 'p', look: 'l', owner: 'me', name, ...words }
  return { body, changes: () => ({ faces: [{ character, name, state: 'making', error: null }] }) }
}

export function faceMade(character: string): Step {
  const made = { state: 'made', error: null } as const
  const changes = ({ faces }: ConversationView) => ({ faces: faces.map((face) => ({ ...face, ...made })) })
  return { body: { type: 'face.made', character }, changes }
}

export function faceRefused(character: string, detail: string): Step {
  const refused = { state: 'refused', error: detail } as const
  const body: Fact = { type: 'face.refused', character, code: 'invalid_input', detail }
  return { body, changes: ({ faces }) => ({ faces: faces.map((face) => ({ ...face, ...refused })) }) }
}
