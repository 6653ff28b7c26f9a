import { describe, expect, it } from 'vitest'
import { fakeTrack } from '../test/fakes'
import { Microphone, PROBLEMS, problemOf, type Devices } from './microphone'

function devices(answer: () => Promise<MediaStreamTrack[]>): Devices {
  return {
    getUserMedia: async () => {
      const tracks = await answer()
      return { getAudioTracks: () => tracks } as unknown as MediaStream
    },
  }
}

function named(name: string): Error {
  return Object.assign(new Error('no'), { name })
}

describe('the microphone', () => {
  it('is asked for once and handed out again', async () => {
    const track = fakeTrack()
    let asked = 0
    const microphone = new Microphone(() => devices(() => Promise.resolve(((asked += 1), [track]))))
    expect(await microphone.open()).toBe(track)
    expect(await microphone.open()).toBe(track)
    expect(asked).toBe(1)
    expect(microphone.state.get()).toMatchObject({ phase: 'on', problem: null, muted: false })
  })

  it.each([
    ['NotAllowedError', 'denied'],
    ['SecurityError', 'denied'],
    ['NotFoundError', 'none'],
    ['OverconstrainedError', 'none'],
    ['NotReadableError', 'busy'],
    ['AbortError', 'busy'],
  ] as const)('says what %s means and what to do', async (name, problem) => {
    const microphone = new Microphone(() => devices(() => Promise.reject(named(name))))
    expect(await microphone.open()).toBeNull()
    expect(microphone.state.get()).toMatchObject({ phase: 'refused', problem, track: null })
    expect(PROBLEMS[problem].fix).toMatch(/type/)
  })

  it('knows that a page without https has none to offer', async () => {
    const microphone = new Microphone(() => undefined)
    expect(await microphone.open()).toBeNull()
    expect(microphone.state.get().problem).toBe('insecure')
  })

  it('takes whatever else is thrown for a refusal', () => expect(problemOf('odd')).toBe('denied'))

  it('may be tried again after it was refused', async () => {
    const answers = [Promise.reject(named('NotAllowedError')), Promise.resolve([fakeTrack()])]
    answers[0]?.catch(() => undefined)
    const microphone = new Microphone(() => devices(() => answers.shift() ?? Promise.resolve([])))
    await microphone.open()
    expect(await microphone.open()).not.toBeNull()
    expect(microphone.state.get()).toMatchObject({ phase: 'on', problem: null })
  })

  it('sends silence while muted, except while the key to talk is held', async () => {
    const track = fakeTrack()
    const microphone = new Microphone(() => devices(() => Promise.resolve([track])))
    microphone.setMuted(true)
    await microphone.open()
    expect(track.enabled).toBe(false)
    microphone.hold(true)
    expect(track.enabled).toBe(true)
    microphone.hold(false)
    expect(track.enabled).toBe(false)
    microphone.setMuted(false)
    expect(track.enabled).toBe(true)
  })

  it('says so when it is unplugged', async () => {
    const track = fakeTrack()
    const microphone = new Microphone(() => devices(() => Promise.resolve([track])))
    await microphone.open()
    track.onended?.(new Event('ended'))
    expect(microphone.state.get()).toMatchObject({ phase: 'refused', problem: 'lost', track: null })
  })

  it('is let go of when it is closed, even while the browser still asks', async () => {
    const track = fakeTrack()
    let grant: (tracks: MediaStreamTrack[]) => void = () => undefined
    const microphone = new Microphone(() => devices(() => new Promise((resolve) => (grant = resolve))))
    const opening = microphone.open()
    microphone.close()
    grant([track])
    expect(await opening).toBeNull()
    expect(track).toMatchObject({ stopped: true })
    expect(microphone.state.get().phase).toBe('off')
  })

  it('counts a stream without a track as none', async () => {
    const microphone = new Microphone(() => devices(() => Promise.resolve([])))
    await microphone.open()
    expect(microphone.state.get().problem).toBe('none')
  })
})
