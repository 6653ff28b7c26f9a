/** Facts as a conversation has them, with one utterance, one message and one reply. */

import type { Fact } from '../generated/events'

const OWN = { forwarded: false } as const
const VOICE = { pace: 1, volume: 1, spoken: true } as const
const FEELING = { emotion: 'neutral', emotion_before: 'neutral' } as const

export const listening: Fact = { type: 'utterance.started', utterance: 'u', session: 's', language: 'en', ...OWN }
export const phraseOver: Fact = {
  type: 'utterance.ended',
  utterance: 'u',
  samples: 16000,
  speech_ended: 8000,
  reason: 'silence',
}
export const discarded: Fact = { type: 'utterance.discarded', utterance: 'u', reason: 'no_words' }
export const replyEnded: Fact = { type: 'reply.ended', reply: 'r', sentences: 1 }
export const interrupted: Fact = { type: 'reply.interrupted', reply: 'r', heard: '', by: 'button' }

export function transcribed(text: string): Fact {
  const found = { language: 'en', confidence: 1, words: [], engine: '' }
  return { type: 'transcript.final', utterance: 'u', text, ...found, ...OWN }
}

export function written(text: string, message = 'm'): Fact {
  return { type: 'message.received', message, text, channel: 'web', ...OWN }
}

export function sentence(index: number, text = `Sentence ${index}.`): Fact {
  return { type: 'reply.sentence', reply: 'r', index, text, character: 'ada', language: 'en', ...FEELING, ...VOICE }
}

function part(index: number) {
  return { speech: `s${index}`, reply: 'r', index }
}

export function spoken(index: number): Fact {
  return { type: 'speech.started', ...part(index), character: 'ada', voice: 'female', engine: '', ...FEELING }
}

export function playing(index: number): Fact {
  return { type: 'playback.started', session: 's', ...part(index), video: true }
}

export function played(index: number): Fact {
  return { type: 'playback.finished', session: 's', ...part(index), samples: 9, complete: true, frames: 1 }
}

export function failed(detail: string): Fact {
  return { type: 'reply.failed', reply: 'r', code: 'engine_failed', detail }
}
