import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { ServiceNotes } from './serviceNotes'

describe('the notes of the services', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  it('are asked for every few seconds while there are some, then less often', async () => {
    const answers: (string[] | Error)[] = [['fetching kokoro, 40 %'], ['fetching kokoro, 90 %'], new Error('away')]
    let asked = 0
    const serviceNotes = () => {
      const answer = answers[asked++] ?? []
      return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer)
    }
    const notes = new ServiceNotes({ serviceNotes })
    const stop = notes.start()
    await vi.advanceTimersByTimeAsync(0)
    expect(notes.state.get()).toEqual(['fetching kokoro, 40 %'])
    await vi.advanceTimersByTimeAsync(3000)
    expect(notes.state.get()).toEqual(['fetching kokoro, 90 %'])
    await vi.advanceTimersByTimeAsync(3000)
    expect([notes.state.get(), asked]).toEqual([[], 3])
    await vi.advanceTimersByTimeAsync(9000)
    expect(asked).toBe(3)
    await vi.advanceTimersByTimeAsync(1000)
    expect(asked).toBe(4)
    stop()
    await vi.advanceTimersByTimeAsync(120_000)
    expect(asked).toBe(4)
  })
})
