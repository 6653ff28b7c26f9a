import { act, fireEvent, render, screen, within } from '@testing-library/react'
import axe from 'axe-core'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import type { ReplayTurn, ReplayView } from '../../generated/replay'
import { ServicesContext } from '../../hooks/useServices'
import { PreferenceStore } from '../../services/preferences'
import type { Replay } from '../../services/replay/replay'
import { Router } from '../../services/route'
import { Chat } from '../../services/chat'
import { FakeWorld, settle } from '../../test/page'
import { openReplay, VIEW, type FakeReplayClient, type FakeTime } from '../../test/replay'
import { Pages } from '../Pages'
import { markGroups, worst } from './marks'
import ReplayPage from './ReplayPage'

beforeEach(() => {
  history.replaceState(null, '', '#replay=c1')
  HTMLMediaElement.prototype.pause = () => undefined
  HTMLMediaElement.prototype.load = () => undefined
})

interface Shown {
  readonly replay: Replay
  readonly time: FakeTime
  readonly client: FakeReplayClient
  readonly container: HTMLElement
}

async function show(view: ReplayView = VIEW, at: number | null = null): Promise<Shown> {
  const made = openReplay(view, at)
  const services = { chat: new Chat(new FakeWorld()), preferences: new PreferenceStore() }
  const open = () => Promise.resolve(made.replay)
  const { container } = render(
    <ServicesContext.Provider value={services}>
      <ReplayPage conversation="c1" at={at} open={open} />
    </ServicesContext.Provider>,
  )
  await act(() => Promise.resolve())
  return { ...made, container }
}

const get = (id: string) => screen.getByTestId(id)
const text = (id: string) => screen.queryByTestId(id)?.textContent ?? null
async function press(key: string, more: KeyboardEventInit = {}) {
  await act(async () => {
    fireEvent.keyDown(document.body, { key, ...more })
    await Promise.resolve()
    await Promise.resolve()
  })
}
const seek = (replay: Replay, at: number) => act(() => replay.seek(at))

describe('a replay', () => {
  it('says who speaks, and shows what both say, word by word', async () => {
    const { replay } = await show(VIEW, 1600)
    expect(text('replay-doing')).toBe('The person speaks')
    const words = () => within(get('replay-caption-person')).getAllByText(/./).map((word) => word.dataset['spoken'])
    expect(text('replay-caption-person')).toBe('hello there')
    expect(words()).toEqual(['true', 'true'])
    seek(replay, 1200)
    expect(words()).toEqual(['true', 'false'])
    seek(replay, 2500)
    expect(text('replay-doing')).toBe('Ada thinks')
    seek(replay, 3500)
    expect([text('replay-doing'), text('replay-caption-character')]).toEqual(['Ada speaks', 'I am Ada.'])
    seek(replay, 10_500)
    expect([text('replay-caption-person'), text('replay-caption-character')]).toEqual(['a story', null])
    await press('c')
    expect(get('replay-captions').children).toHaveLength(0)
  })

  it('moves by keys, and tells where it is', async () => {
    const { replay, time } = await show()
    await press(' ')
    expect(replay.player.state.get().playing).toBe(true)
    act(() => time.pass(1500))
    await press(' ')
    expect(text('replay-time')).toBe('0:01.5 / 0:20')
    await press('ArrowRight')
    await press('ArrowRight', { shiftKey: true })
    await press('ArrowLeft')
    expect(replay.player.position.get()).toBe(5000)
    await press('>')
    await press('s')
    expect(replay.player.state.get()).toMatchObject({ speed: 1.5, skipping: true })
    expect(get('replay-skip').getAttribute('aria-pressed')).toBe('true')
    await press('End')
    const slider = get('replay-scrubber')
    expect(slider.getAttribute('aria-valuetext')).toBe('20 seconds of 20 seconds, turn 2 of 2')
    await press('?')
    expect(screen.getByRole('dialog', { name: 'Keys' })).toBeTruthy()
  })

  it('leaves keys of one letter alone where the person does not want them', async () => {
    localStorage.setItem('visavis.preferences', '{"shortcuts": false}')
    const { replay } = await show()
    await press('s')
    expect(replay.player.state.get().skipping).toBe(false)
    await press('ArrowRight')
    expect(replay.player.position.get()).toBe(5000)
  })

  it('is sought with a pointer, and by its marks', async () => {
    const { replay } = await show()
    const slider = get('replay-scrubber')
    slider.getBoundingClientRect = () => ({ left: 100, width: 200 }) as DOMRect
    slider.setPointerCapture = () => undefined
    slider.hasPointerCapture = () => false
    fireEvent.pointerDown(slider, { clientX: 150, button: 0 })
    expect(replay.player.position.get()).toBe(5000)
    fireEvent.click(screen.getByRole('button', { name: 'Interrupted, at 15 seconds' }))
    expect(replay.player.position.get()).toBe(15_000)
  })

  it('has a transcript that follows, and goes where one clicks', async () => {
    const { replay } = await show()
    const turns = () => screen.getAllByTestId('replay-turn').map((turn) => turn.getAttribute('aria-current'))
    expect(turns()).toEqual(['true', 'false'])
    fireEvent.click(screen.getByRole('link', { name: 'A long story.' }))
    expect(replay.player.position.get()).toBe(12_000)
    expect(turns()).toEqual(['false', 'true'])
    expect(screen.getByText('It goes on.').tagName).toBe('SPAN') // it was never said
  })
})

describe('the steps of a turn', () => {
  it('have bars that tell their times, and lead to their events', async () => {
    const { client } = await show()
    expect(screen.getAllByTestId('waterfall-row')).toHaveLength(8)
    expect(get('answer-time').textContent).toContain('Answer heard1.20 s')
    const bar = screen.getByRole('button', { name: 'Transcript: 100 ms, moonshine, from 0:02.2' })
    fireEvent.focus(bar)
    expect(text('waterfall-details')).toBe('Transcript: 100 ms, moonshine, from 0:02.2')
    await act(async () => {
      fireEvent.click(bar)
      await Promise.resolve()
    })
    expect(client.calls).toContain('event transcript-event')
    expect(text('event-panel')).toContain('there is no such event')
  })

  it('show what was interrupted', async () => {
    await show(VIEW, 12_000)
    const bar = screen.getByRole('button', { name: /^Playback, sentence 1: 3.00 s, interrupted/ })
    expect(bar.dataset['state']).toBe('interrupted')
  })
})

describe('the events', () => {
  it('are stepped through, and looked at closely with cause and consequences', async () => {
    await show(VIEW, 2000)
    await press('.')
    const current = () => screen.getAllByTestId('replay-event').find((row) => row.getAttribute('aria-current'))
    expect(current()?.textContent).toBe('0:02.3reply.sentenceabout e2+100 ms')
    await act(async () => {
      fireEvent.click(current() ?? document.body)
      await Promise.resolve()
    })
    const panel = within(get('event-panel'))
    expect(get('event-panel').textContent).toContain('Given more than once: 3 times to tts')
    const list = (name: string) => within(panel.getByRole('region', { name })).getAllByRole('button')
    expect(list('Because of').map((one) => one.title)).toEqual(['about e1'])
    expect(list('Led to').map((one) => one.title)).toEqual(['about e3'])
    expect(JSON.parse(text('event-json') ?? '')).toMatchObject({ id: 'e2', body: { title: '"e2" is 5' } })
    await act(async () => {
      fireEvent.click(list('Led to')[0] ?? document.body)
      await Promise.resolve()
    })
    expect(text('replay-time')).toBe('0:02.6 / 0:20')
    expect(JSON.parse(text('event-json') ?? '')).toMatchObject({ id: 'e3' })
    await press('Escape')
    expect(screen.queryByTestId('event-panel')).toBeNull()
  })
})

describe('what is not as it was', () => {
  it('is said: expired pictures, and sounds that cannot be loaded', async () => {
    const clips = VIEW.clips.map((clip) => ({ ...clip, pictures: false, missing: 'its pictures have expired' }))
    const { replay, time } = await show({ ...VIEW, clips, pictures: 'none' }, 3500)
    expect(text('replay-missing')).toBe('Its pictures have expired')
    expect(text('replay-notice')).toContain('Its pictures have expired; you see the idle face.')
    fireEvent.click(screen.getByRole('button', { name: 'OK' }))
    expect(screen.queryByTestId('replay-notice')).toBeNull()
    act(() => replay.player.play())
    act(() => time.media.find(({ src }) => src.endsWith('p1'))?.fail())
    expect(text('replay-notice')).toContain('A sound could not be loaded and was left out.')
  })

  it('is not called expired where it was never drawn', async () => {
    const clips = VIEW.clips.map((clip) => ({ ...clip, pictures: false, missing: 'it was not drawn' }))
    await show({ ...VIEW, clips, pictures: 'none' }, 3500)
    expect(text('replay-notice')).toBe('Its answers were not drawn; you see the idle face.OK')
  })

  it('is said of a copy', async () => {
    await show({ ...VIEW, copied: 'imported', copy_of: 'c0' })
    expect(text('copy-badge')).toBe('Imported, a copy of c0')
  })

  it('is nothing where all is there', async () => {
    await show(VIEW, 3500)
    expect([text('replay-missing'), text('replay-notice'), text('copy-badge')]).toEqual([null, null, null])
  })
})

describe('the address', () => {
  it('of this moment is copied', async () => {
    const written: string[] = []
    vi.stubGlobal('navigator', { clipboard: { writeText: (link: string) => Promise.resolve(written.push(link)) } })
    await show(VIEW, 3500)
    await act(async () => {
      fireEvent.click(get('replay-link'))
      await Promise.resolve()
    })
    expect(written).toEqual(['http://localhost:3000/#replay=c1&t=3500'])
    expect(text('replay-link')).toBe('Copied')
  })

  it('opens a replay without a call, and the chat again without the replay', async () => {
    vi.useFakeTimers({ shouldAdvanceTime: true })
    vi.stubGlobal('fetch', () => Promise.resolve(new Response('{}', { status: 404 })))
    const world = new FakeWorld()
    const services = { chat: new Chat(world), preferences: new PreferenceStore() }
    render(
      <ServicesContext.Provider value={services}>
        <Pages router={new Router()} />
      </ServicesContext.Provider>,
    )
    await vi.dynamicImportSettled()
    await settle()
    expect(screen.getByRole('alert').textContent).toContain('There is no such conversation')
    expect([world.client.calls, world.peers, world.sources]).toEqual([[], [], []])
    await act(async () => {
      location.hash = ''
      await vi.advanceTimersByTimeAsync(50)
    })
    expect(screen.queryByRole('alert')).toBeNull()
    expect(world.client.calls).toContain('characters')
  })
})

it('an hour of conversation has few elements', async () => {
  const [turn] = VIEW.turns
  if (!turn) throw new Error('expected a turn')
  const turns: ReplayTurn[] = Array.from({ length: 400 }, (_, place) => ({
    ...turn,
    id: `t${place}`,
    start: place * 9000,
    marks: [{ kind: 'failed', at: place * 9000, event: `e${place}`, service: 'tts', detail: '' }],
  }))
  const { container } = await show({ ...VIEW, length: 3_600_000, turns }, 1_800_000)
  expect(screen.getAllByTestId('replay-turn').length).toBeLessThan(20)
  expect(container.querySelectorAll('*').length).toBeLessThan(900)
  expect(container.querySelectorAll('.mark')).toHaveLength(100)
})

it('marks that would lie on one another are one, which shows the worst', () => {
  const mark = { at: 1000, event: 'e', service: '', detail: '' }
  const marks = [{ ...mark, at: 1001, kind: 'failed' } as const, { ...mark, kind: 'interrupted' } as const]
  const [both] = markGroups(marks, 20_000)
  expect(both?.map(({ kind }) => kind)).toEqual(['interrupted', 'failed'])
  expect(worst(both ?? [])).toBe('failed')
  expect(markGroups(marks, 20)).toHaveLength(2)
})

it('a replay has no fault that axe finds', async () => {
  const { container } = await show(VIEW, 15_000)
  await press(',')
  const { violations } = await axe.run(container, { rules: { 'color-contrast': { enabled: false } } })
  expect(violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)])).toEqual([])
})
