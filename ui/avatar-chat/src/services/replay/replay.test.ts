import { describe, expect, it } from 'vitest'
import { FakeMedia, openReplay, row, VIEW } from '../../test/replay'
import { replayHash, Router, routeOf } from '../route'
import { clockOf, nextSpeed, paced, positionAt, setTo, started, stopped } from './clock'
import { correction } from './deck'
import { afterSilence, duration, neighbour, silences, soundingAt, timecode, turnAt } from './moments'
import { answerParts, placeOf, shownSpan, stepGroups, totals } from './waterfall'

const [FIRST_TURN, SECOND_TURN] = VIEW.turns
if (!FIRST_TURN || !SECOND_TURN) throw new Error('expected two turns')

describe('the clock of a replay', () => {
  it('goes at its speed, keeps its place when that changes, and stands when it is stopped', () => {
    const running = started(clockOf(60_000, 1000), 50)
    expect(positionAt(running, 550)).toBe(1500)
    const faster = paced(running, 4, 550)
    expect(positionAt(faster, 550)).toBe(1500)
    expect(positionAt(faster, 1550)).toBe(5500)
    expect(positionAt(setTo(faster, 200, 1550), 1650)).toBe(600)
    expect(positionAt(stopped(faster, 1550), 99_999)).toBe(5500)
  })

  it('neither leaves the conversation nor its speeds', () => {
    expect(positionAt(started(clockOf(1000), 0), 5000)).toBe(1000)
    expect(positionAt(started(clockOf(1000, 1000), 0), 100)).toBe(100) // from the start again
    expect(setTo(clockOf(1000), -5, 0).position).toBe(0)
    expect([nextSpeed(0.5, -1), nextSpeed(1, 1), nextSpeed(4, 1)]).toEqual([0.5, 1.5, 4])
  })
})

describe('moments', () => {
  it('are looked up by time', () => {
    const at = (ms: number) => turnAt(VIEW.turns, ms)
    expect([at(0), at(9999), at(10_000), turnAt([], 5)]).toEqual([0, 0, 1, -1])
    const ids = [999, 1000, 1999, 2000].map((ms) => soundingAt(VIEW.clips, ms)?.id ?? null)
    expect(ids).toEqual([null, 'u1', 'u1', null])
  })

  it('leave out silences but for a breath at each side', () => {
    const spans = silences(VIEW.clips, VIEW.length)
    expect(spans).toEqual([
      { start: 0, end: 800 },
      { start: 2200, end: 2800 },
      { start: 5200, end: 11_800 },
      { start: 15_200, end: 20_000 },
    ])
    expect([2100, 2300, 2800].map((at) => afterSilence(spans, at))).toEqual([2100, 2800, 2800])
  })

  it('have events beside them', () => {
    const rows = [row('a', 't', 10), row('b', 't', 10), row('c', 't', 30)]
    expect(neighbour(rows, 'a', 10, 1)?.id).toBe('b') // at the same time
    expect(neighbour(rows, null, 10, 1)?.id).toBe('c')
    expect(neighbour(rows, null, 30, -1)?.id).toBe('b')
    expect(neighbour(rows, 'c', 30, 1)).toBeNull()
  })

  it('are written as people write them', () => {
    expect([timecode(187_400), timecode(187_400, true), timecode(3_787_000)]).toEqual(['3:07', '3:07.4', '1:03:07'])
    expect([duration(4.25), duration(840), duration(3210), duration(32_100)]).toEqual([
      '4.3 ms',
      '840 ms',
      '3.21 s',
      '32.1 s',
    ])
  })
})

describe('a waterfall', () => {
  it('groups the steps of each sentence, in the order of the work', () => {
    const groups = stepGroups(FIRST_TURN, VIEW.clips)
    expect(groups.map(({ index, text }) => [index, text])).toEqual([
      [null, ''],
      [0, 'I am Ada.'],
    ])
    const names = groups[1]?.steps.map(({ name }) => name)
    expect(names).toEqual(['first_audio', 'first_frame', 'playback_wait', 'playback'])
  })

  it('adds up to the answer', () => {
    expect(answerParts(FIRST_TURN).reduce((sum, { ms }) => sum + ms, 0)).toBe(FIRST_TURN.measures['answer'])
    expect(totals(FIRST_TURN)).toEqual({ audio: 1000, frame: 1100, answer: 1200 })
    expect([answerParts(SECOND_TURN), totals(SECOND_TURN)]).toEqual([[], { audio: null, frame: null, answer: null }])
  })

  it('shows the whole turn, or only the way to the answer', () => {
    expect(shownSpan(FIRST_TURN, 'turn')).toEqual({ start: 1000, end: 5000 })
    expect(shownSpan(FIRST_TURN, 'answer')).toEqual({ start: 1752, end: 3048 })
    const [speaking] = FIRST_TURN.steps
    if (!speaking) throw new Error('expected a step')
    expect(placeOf(speaking, { start: 1000, end: 5000 })).toEqual({ left: 0, width: 20 })
    expect(placeOf({ ...speaking, end: null }, { start: 0, end: 2000 })).toEqual({ left: 50, width: 50 })
    expect(placeOf(speaking, { start: 2000, end: 5000 })).toBeNull()
  })
})

describe('the address', () => {
  it('names a view, and a moment of a replay', () => {
    expect(routeOf('#replay=c1&t=1500')).toEqual({ view: 'replay', conversation: 'c1', at: 1500 })
    expect(routeOf('#replay=c1')).toEqual({ view: 'replay', conversation: 'c1', at: null })
    const views = ['', '#c=c1', '#analytics', '#replay=../x', '#replay=c1&t=-5'].map((hash) => routeOf(hash).view)
    expect(views).toEqual(['chat', 'chat', 'analytics', 'chat', 'chat'])
    expect(routeOf(replayHash('c1', 12.6))).toEqual({ view: 'replay', conversation: 'c1', at: 13 })
  })

  it('is followed until the end', () => {
    const router = new Router()
    const stop = router.start()
    const go = (hash: string) => {
      history.replaceState(null, '', hash)
      window.dispatchEvent(new HashChangeEvent('hashchange'))
    }
    go('#replay=c1')
    expect(router.state.get().view).toBe('replay')
    stop()
    go('#c=c1')
    expect(router.state.get().view).toBe('replay')
  })
})

describe('media', () => {
  it('catch up by their rate, and jump where they are far off', () => {
    expect([correction(0.01, 2), correction(1, 1), correction(-1, 1)]).toEqual([2, 'set', 'set'])
    expect(correction(0.5, 4)).toBeCloseTo(3.68)
    expect(correction(0.1, 1)).toBeCloseTo(0.95)
    expect(correction(-0.1, 2)).toBeCloseTo(2.1)
  })

  it('sound one after the other as the clock says, and the next one is loaded before', () => {
    const { replay, time } = openReplay()
    replay.player.play()
    time.pass(1500)
    expect(time.sounding).toEqual(['u1'])
    const [person] = time.media
    expect(person?.currentTime).toBeCloseTo(0.5)
    expect(time.media.map(({ src }) => src.split('/').at(-1))).toEqual(['u1', '', 'p1', ''])
    time.pass(600)
    expect(time.sounding).toEqual([])
    time.pass(1500)
    expect(time.sounding).toEqual(['p1'])
    replay.player.pause()
    expect(time.sounding).toEqual([])
    replay.close()
    expect(time.media.map(({ src }) => src)).toEqual(['', '', '', ''])
  })

  it('that cannot be loaded are left out and counted; the clock goes on', () => {
    const { replay, time } = openReplay()
    replay.player.play()
    time.pass(3500)
    time.media.find(({ src }) => src.endsWith('p1'))?.fail()
    time.pass(500)
    expect(time.sounding).toEqual([])
    expect(replay.player.state.get()).toMatchObject({ playing: true, lostSounds: 1 })
    expect(replay.player.position.get()).toBe(4000)
    time.pass(9000)
    expect(time.sounding).toEqual(['p2'])
  })

  it('never begin again where they are shorter than they should be', () => {
    const { replay, time } = openReplay()
    const [person] = time.media
    if (!person) throw new Error('expected an element')
    person.duration = 0.4
    replay.player.play()
    time.pass(1500)
    expect(time.sounding).toEqual([])
  })

  it('wait for a click where the browser wants one', async () => {
    const { replay, time } = openReplay()
    for (const media of time.media) media.refusal = new DOMException('', 'NotAllowedError')
    replay.player.play()
    time.pass(1500)
    await Promise.resolve()
    await Promise.resolve()
    expect(replay.player.state.get()).toMatchObject({ playing: false, blocked: true })
  })

  it('show the picture under way on one element, the next is on the other', () => {
    const { replay } = openReplay(VIEW, 3500)
    const [one, other] = [new FakeMedia(), new FakeMedia()]
    const stop = replay.player.show([one, other])
    expect(replay.player.picture.get()).toBe(one)
    expect([one.src, other.src]).toEqual(['api/replay/c1/video/p1.mp4', 'api/replay/c1/video/p2.mp4'])
    replay.seek(12_500)
    expect(replay.player.picture.get()).toBe(other)
    stop()
    expect(replay.player.picture.get()).toBeNull()
  })

  it('show the face between speeches in pieces that begin with a key frame', () => {
    const { replay } = openReplay({ ...VIEW, start: 1_790_000_000_100_000 }, 3500)
    const [one, other] = [new FakeMedia(), new FakeMedia()]
    const stop = replay.player.showFace([one, other])
    expect([one.src, one.currentTime]).toEqual(['api/replay/c1/face/0.mp4', 3.6])
    replay.seek(19_900)
    expect([replay.player.face.get(), other.src]).toEqual([other, 'api/replay/c1/face/1.mp4'])
    stop()
    expect(replay.player.face.get()).toBeNull()
  })
})

describe('a replay', () => {
  it('skips silences, and stops at the end', () => {
    const { replay, time } = openReplay()
    replay.player.toggleSkipping()
    replay.player.play()
    expect(replay.player.position.get()).toBe(800)
    time.pass(1500)
    expect(replay.player.position.get()).toBe(2800)
    time.pass(30_000)
    expect(replay.player.position.get()).toBe(20_000)
    expect(replay.player.state.get().playing).toBe(false)
  })

  it('goes turn by turn: to the start of this one first, then to the one before', () => {
    const { replay } = openReplay(VIEW, 13_000)
    replay.stepTurn(-1)
    expect(replay.player.position.get()).toBe(10_000)
    replay.stepTurn(-1)
    expect(replay.player.position.get()).toBe(1000)
    replay.stepTurn(1)
    replay.stepTurn(1)
    expect(replay.player.position.get()).toBe(10_000)
  })

  it('goes event by event, from one turn into the next and back, and fetches each turn once', async () => {
    const { replay, client } = openReplay(VIEW, 2000)
    replay.player.play()
    const seen: (string | null)[] = []
    for (const step of [1, 1, 1, 1, 1, -1, -1] as const) {
      await replay.stepEvent(step)
      seen.push(replay.stepped.get())
    }
    expect(seen).toEqual(['e2', 'e3', 'e4', 'cut', 'cut', 'e4', 'e3'])
    expect(replay.player.state.get().playing).toBe(false)
    expect(replay.player.position.get()).toBe(2600)
    expect(client.calls).toEqual(['events t1', 'events t2'])
  })

  it('names its moment in the address while it stands, and only then', () => {
    history.replaceState(null, '', '#replay=c1')
    const { replay, time } = openReplay()
    replay.seek(2500)
    expect(location.hash).toBe('#replay=c1&t=2500')
    expect(replay.link).toBe('http://localhost:3000/#replay=c1&t=2500')
    replay.player.play()
    time.pass(1000)
    expect(location.hash).toBe('#replay=c1&t=2500')
    replay.player.pause()
    expect(location.hash).toBe('#replay=c1&t=3500')
  })
})
