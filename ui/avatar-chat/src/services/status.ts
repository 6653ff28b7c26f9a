/** The status of the conversation and the call, as one name and in words. */

import type { ConversationView, SentenceView, TurnView } from '../generated/view'
import type { CallState } from './call'
import type { ConversationState } from './conversation'
import { isOpen, type MicrophoneState } from './microphone'

export type StatusName =
  | 'idle'
  | 'connecting'
  | 'listening'
  | 'muted'
  | 'watching'
  | 'hearing'
  | 'thinking'
  | 'speaking'
  | 'reconnecting'
  | 'away'

export interface Status {
  readonly name: StatusName
  readonly words: string
}

/** Failures of the event stream in a row after which the server counts as away. */
export const AWAY_AFTER = 3

/** Turns in which something may be playing: a cough over an answer is a turn of its own. */
const RECENT_TURNS = 4

/** The sentence that is being played. In an older turn, a session that was lost has left it so. */
export function playingIn(view: ConversationView): SentenceView | null {
  const playing = ({ state }: SentenceView) => state === 'playing'
  const recent = view.turns.slice(-RECENT_TURNS)
  return recent.findLast(({ reply }) => reply?.sentences.some(playing))?.reply?.sentences.find(playing) ?? null
}

/** Whether the newest answer has sentences that have not been played; with a slow voice they can still be stopped. */
export function isVoiceExpected(view: ConversationView | undefined): boolean {
  const reply = view?.turns.findLast((turn) => turn.reply !== null)?.reply
  const open = reply?.state === 'telling' || reply?.state === 'ended'
  return open && reply.sentences.some(({ state }) => state === 'written' || state === 'spoken' || state === 'playing')
}

/** What is known of the call while a turn is in progress. */
interface Circumstances {
  /** Whether the person can be heard: only then do they count as speaking. */
  readonly hears: boolean
  /** Whether the avatar can be heard: only then does it count as speaking. */
  readonly plays: boolean
  /** Whether sentences that have not been played are still expected to be. */
  readonly waiting: boolean
}

/** What happens in the turn in progress; null if nothing does. */
function activity(
  turn: TurnView | undefined,
  { hears, plays, waiting }: Circumstances,
): 'hearing' | 'thinking' | 'speaking' | null {
  if (!turn) return null
  const { person, reply } = turn
  // A voice note is not heard here: it is being fetched.
  if (person?.state === 'listening') return hears && person.channel === 'web' ? 'hearing' : null
  if (plays && reply?.sentences.some(({ state }) => state === 'playing')) return 'speaking'
  if (person?.state === 'transcribing') return 'thinking'
  if (reply) {
    const told = plays && reply.sentences.some(({ state }) => state === 'played') ? 'speaking' : 'thinking'
    if (reply.state === 'telling') return waiting || !plays ? told : 'thinking'
    const left = reply.sentences.some(({ state }) => state === 'written' || state === 'spoken')
    return reply.state === 'ended' && left && waiting ? told : null
  }
  return person?.state === 'final' ? 'thinking' : null
}

/** The status of a conversation, if one is open, and a call. */
export function statusOf(
  conversation: ConversationState | null,
  call: CallState,
  microphone: MicrophoneState,
  name: string,
): Status {
  const lost = conversation?.retries ?? 0
  const { phase, reason } = call.connection
  if (lost >= AWAY_AFTER || (reason === 'unreachable' && lost > 0)) {
    return { name: 'away', words: 'Server away, trying again' }
  }
  if (phase === 'reconnecting' || lost > 0) {
    const retries = Math.max(call.connection.retries, phase === 'reconnecting' ? 1 : 0, lost)
    return { name: 'reconnecting', words: `Reconnecting (${retries})` }
  }
  if (phase === 'connecting') {
    return { name: 'connecting', words: microphone.phase === 'asking' ? 'Allow the microphone' : 'Connecting' }
  }
  const turn = conversation?.view.turns.find(({ id }) => id === conversation.activeTurn)
  const plays = phase === 'connected'
  const waiting = plays && conversation?.still === false
  // Noise is taken for a voice at first, but no words come of it.
  const isVoice = conversation !== null && (!conversation.still || conversation.partial !== '')
  const hears = plays && call.mode === 'talk' && isVoice
  // A cough during a reply is a turn of its own, and the reply goes on.
  const goingOn = waiting && playingIn(conversation.view) ? 'speaking' : null
  const now = activity(turn, { hears, plays, waiting })
  // So does it after a murmur, whose words nothing answers.
  const unanswered = now === 'thinking' && turn?.person?.state === 'final' && turn.reply === null
  switch ((unanswered ? null : now) ?? goingOn ?? now) {
    case 'hearing':
      return { name: 'hearing', words: 'Hearing you' }
    case 'thinking':
      return { name: 'thinking', words: 'Thinking' }
    case 'speaking':
      return { name: 'speaking', words: 'Speaking' }
    case null:
      return resting(call, microphone, name)
  }
}

function resting(call: CallState, microphone: MicrophoneState, name: string): Status {
  if (call.connection.phase !== 'connected') return { name: 'idle', words: 'Ready' }
  if (call.mode === 'watch') return { name: 'watching', words: `Write to ${name}` }
  return isOpen(microphone) ? { name: 'listening', words: 'Listening' } : { name: 'muted', words: 'You are muted' }
}
