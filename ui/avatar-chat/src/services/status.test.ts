import { describe, expect, it } from 'vitest'
import {
  failed,
  listening,
  phraseOver,
  played,
  playing,
  replyEnded,
  sentence,
  transcribed,
  written,
  type Step,
} from '../test/facts'
import { viewOf } from '../test/fakes'
import type { CallState } from './call'
import type { ConversationState } from './conversation'
import type { MicrophoneState } from './microphone'
import { isVoiceExpected, statusOf } from './status'

const ON: MicrophoneState = { phase: 'on', problem: null, muted: false, held: false, track: null }
const TALKING: CallState = { mode: 'talk', connection: { phase: 'connected', retries: 0, stream: null, reason: null } }
const NOT_CALLING: CallState = { mode: 'none', connection: { phase: 'closed', retries: 0, stream: null, reason: null } }

function after(...steps: Step[]): ConversationState {
  const view = viewOf('c1', ...steps.map((step) => ['t1', step] as [string, Step]))
  return {
    view,
    partial: '',
    utterance: null,
    heardBy: null,
    pending: [],
    retries: 0,
    activeTurn: 't1',
    still: false,
    times: null,
  }
}

const said = written('hi')

function name(conversation: ConversationState | null, call = TALKING, microphone = ON): string {
  return statusOf(conversation, call, microphone, 'Ada').name
}

describe('the status', () => {
  it('is ready before a call and listening in one', () => {
    expect(name(null, NOT_CALLING)).toBe('idle')
    expect(name(after())).toBe('listening')
  })

  it('follows a turn from hearing to speaking and back', () => {
    expect(name(after(listening))).toBe('hearing')
    expect(name(after(listening, phraseOver))).toBe('thinking')
    expect(name(after(said))).toBe('thinking')
    expect(name(after(said, sentence(0)))).toBe('thinking')
    expect(name(after(said, sentence(0), playing(0)))).toBe('speaking')
    expect(name(after(said, sentence(0), playing(0), played(0), sentence(1)))).toBe('speaking')
    expect(name(after(said, sentence(0), replyEnded, playing(0)))).toBe('speaking')
    expect(name(after(said, sentence(0), replyEnded, playing(0), played(0)))).toBe('listening')
  })

  it('bridges the time from the end of the text to its sound, but not for ever', () => {
    const told = after(said, sentence(0), sentence(1), replyEnded)
    expect(name(told)).toBe('thinking')
    expect(name(after(said, sentence(0), sentence(1), replyEnded, playing(0), played(0)))).toBe('speaking')
    expect(name({ ...told, still: true })).toBe('listening')
    expect(name(told, NOT_CALLING)).toBe('idle')
  })

  it('is hearing while the person speaks into the answer', () => {
    expect(name(after(sentence(0), playing(0), listening))).toBe('hearing')
  })

  it('is speaking while the answer goes on after a murmur, and thinking where it does not', () => {
    const murmured = (...steps: Step[]): ConversationState => {
      const answer = steps.map((step) => ['t1', step] as [string, Step])
      const murmur = [listening, phraseOver, transcribed('Okay.')].map((step) => ['t2', step] as [string, Step])
      return { ...after(), view: viewOf('c1', ...answer, ...murmur), activeTurn: 't2' }
    }
    expect(name(murmured(said, sentence(0), playing(0)))).toBe('speaking')
    expect(name(murmured(said, sentence(0), playing(0), played(0), replyEnded))).toBe('thinking')
  })

  it('takes turns of before the page was opened for history, however it ended', () => {
    expect(name({ ...after(said), activeTurn: null })).toBe('listening')
  })

  it('says that the microphone is muted or not there', () => {
    expect(name(after(), TALKING, { ...ON, muted: true })).toBe('muted')
    expect(name(after(), TALKING, { ...ON, muted: true, held: true })).toBe('listening')
    expect(name(after(), { ...TALKING, mode: 'watch' })).toBe('watching')
  })

  it('never says that somebody speaks where nobody does', () => {
    const noise = { ...after(listening), still: true }
    expect(name(noise)).toBe('listening')
    expect(name({ ...noise, partial: 'well' })).toBe('hearing')
    expect(name(after(listening), NOT_CALLING)).toBe('idle')
    expect(name(after(listening), { ...TALKING, mode: 'watch' })).toBe('watching')
    expect(name(after(said, sentence(0), playing(0)), NOT_CALLING)).not.toBe('speaking')
  })

  it('knows that a voice is still to come, however slow it is', () => {
    expect(isVoiceExpected(after(said, sentence(0), replyEnded).view)).toBe(true)
    expect(isVoiceExpected(after(said, sentence(0), replyEnded, playing(0), played(0)).view)).toBe(false)
    expect(isVoiceExpected(after(said).view)).toBe(false)
    expect(isVoiceExpected(undefined)).toBe(false)
  })

  it('asks for the microphone while the browser does', () => {
    const connecting: CallState = { mode: 'talk', connection: { ...NOT_CALLING.connection, phase: 'connecting' } }
    expect(statusOf(null, connecting, { ...ON, phase: 'asking' }, 'Ada').words).toBe('Allow the microphone')
    expect(name(null, connecting)).toBe('connecting')
  })

  it('counts reconnections, and says at last that the server is away', () => {
    const connection: CallState['connection'] = { phase: 'reconnecting', retries: 2, stream: null, reason: 'silent' }
    const lost: CallState = { mode: 'talk', connection }
    expect(statusOf(after(), lost, ON, 'Ada')).toEqual({ name: 'reconnecting', words: 'Reconnecting (2)' })
    expect(name({ ...after(), retries: 1 })).toBe('reconnecting')
    expect(name({ ...after(), retries: 3 })).toBe('away')
    const unreachable = { ...lost, connection: { ...connection, reason: 'unreachable' } }
    expect(name({ ...after(), retries: 1 }, unreachable)).toBe('away')
  })

  it('rests after an answer that failed', () => {
    expect(name(after(said, failed('no model')))).toBe('listening')
  })
})
