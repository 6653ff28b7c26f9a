import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { serviceUp, STATUS } from '../test/fakes'
import type { ServerStatus } from './avatarClient'
import { StatusPoll } from './statusPoll'

const FETCHING: ServerStatus = {
  ...STATUS,
  services: [{ ...serviceUp('tts', 'kokoro', ''), downloads: [{ model: 'kokoro', percent: 40 }] }],
}
const WITHOUT_VOICE: ServerStatus = { ...STATUS, services: [{ ...serviceUp('tts', '', ''), up: false }] }

function pollOf(...answers: readonly (ServerStatus | Error)[]) {
  let asked = 0
  const status = () => {
    const answer = answers[asked++] ?? STATUS
    return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer)
  }
  return { poll: new StatusPoll({ status }), asked: () => asked }
}

describe('the status', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => {
    vi.useRealTimers()
    vi.restoreAllMocks()
  })

  it('is asked for often while something is fetched or missing, then less so, and no more once stopped', async () => {
    const { poll, asked } = pollOf(FETCHING, WITHOUT_VOICE, STATUS)
    const stop = poll.start()
    await vi.advanceTimersByTimeAsync(0)
    expect(poll.state.get()).toBe(FETCHING)
    await vi.advanceTimersByTimeAsync(3000)
    expect(poll.state.get()).toBe(WITHOUT_VOICE)
    await vi.advanceTimersByTimeAsync(3000)
    expect(poll.state.get()).toBe(STATUS)
    await vi.advanceTimersByTimeAsync(9000)
    expect(asked()).toBe(3)
    await vi.advanceTimersByTimeAsync(1000)
    expect(asked()).toBe(4)
    stop()
    await vi.advanceTimersByTimeAsync(120_000)
    expect(asked()).toBe(4)
  })

  it('stays as it was while the server is away', async () => {
    const { poll, asked } = pollOf(STATUS, new Error('away'))
    const stop = poll.start()
    await vi.advanceTimersByTimeAsync(0)
    await poll.ask()
    expect(poll.state.get()).toBe(STATUS)
    await vi.advanceTimersByTimeAsync(3000)
    expect(asked()).toBe(3)
    stop()
  })

  it('is asked for by no hidden page, and at once by one that is shown again', async () => {
    const hidden = vi.spyOn(document, 'hidden', 'get').mockReturnValue(true)
    const { poll, asked } = pollOf()
    const stop = poll.start()
    await vi.advanceTimersByTimeAsync(10_000)
    expect(asked()).toBe(0)
    hidden.mockReturnValue(false)
    document.dispatchEvent(new Event('visibilitychange'))
    await vi.advanceTimersByTimeAsync(0)
    expect(asked()).toBe(1)
    stop()
  })
})
