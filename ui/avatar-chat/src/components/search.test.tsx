import { screen, within } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import axe from 'axe-core'
import { describe, expect, it, vi } from 'vitest'
import { ApiError, type SearchHit } from '../services/avatarClient'
import { sentence, written } from '../test/facts'
import { viewOf } from '../test/fakes'
import { openPage, settle, type FakeWorld } from '../test/page'

const user = () => userEvent.setup({ advanceTimers: (ms) => vi.advanceTimersByTime(ms) })
const field = () => screen.getByTestId('history-search')
const hits = () => screen.queryAllByTestId('search-hit')
const dialog = () => screen.getByRole('dialog')

const HIT: SearchHit = {
  conversation: 'old',
  title: 'Trips',
  turn: 't2',
  at: 1.6e15,
  excerpt: 'Wo liegt \u2068Köln\u2069? <b>Am Rhein</b>',
}

function prepared(world: FakeWorld): void {
  const old = viewOf('old', ['t1', written('Hallo')], ['t2', written('Wo liegt Köln?')], ['t3', sentence(0, 'Ende.')])
  world.client.views.set('old', { ...old, title: 'Trips' })
  world.client.views.set('new', viewOf('new', ['t1', written('Good morning')]))
  world.client.hits = [HIT, { ...HIT, turn: 't1', title: '' }]
}

async function openList(prepare: (world: FakeWorld) => void = prepared) {
  const page = await openPage(prepare)
  await user().click(screen.getByLabelText('Conversations'))
  return page
}

async function searchFor(text: string): Promise<void> {
  await user().type(field(), text)
  await settle(250)
}

describe('the search in the history', () => {
  it('shows where the words were said, marked, and as text only', async () => {
    const { world } = await openList()
    await searchFor('köln')
    expect(world.client.calls.filter((call) => call.startsWith('search'))).toEqual(['search köln'])
    expect(hits().map(({ textContent }) => textContent)).toEqual([
      expect.stringMatching(/^Trips.*Wo liegt Köln\? <b>Am Rhein<\/b>$/),
      expect.stringMatching(/^Untitled/),
    ])
    const [first] = hits()
    expect(first?.querySelector('mark')?.textContent).toBe('Köln')
    expect(first?.querySelector('b')).toBeNull()
    expect(screen.getByText('2 found')).toBeTruthy()
    expect(within(dialog()).queryByText('Good morning')).toBeNull()
  })

  it('opens the conversation at the turn that was found', async () => {
    const scrolled = vi.spyOn(Element.prototype, 'scrollTo')
    const { container } = await openList()
    await searchFor('köln')
    const [first] = hits()
    scrolled.mockClear()
    if (first) await user().click(first)
    await settle()
    expect(screen.queryByRole('dialog')).toBeNull()
    expect(location.hash).toBe('#c=old')
    const found = container.querySelectorAll('[data-found="true"]')
    expect(Array.from(found, ({ textContent }) => textContent)).toEqual([expect.stringContaining('Wo liegt Köln?')])
    expect(document.activeElement).toBe(found[0])
    expect(scrolled.mock.calls.at(-1)).toEqual([{ top: -24 }])
    // On a phone the transcript is in a sheet, which is drawn up.
    expect(container.querySelector('.panel')?.getAttribute('data-up')).toBe('true')
  })

  it('finds a turn of the open conversation without leaving the call', async () => {
    const { world, container } = await openPage((fresh) => {
      prepared(fresh)
      fresh.client.hits = [{ ...HIT, conversation: 'new', turn: 't1' }]
    })
    await user().click(screen.getByTestId('talk-button'))
    await settle()
    world.connect()
    for (let time = 0; time < 2; time += 1) {
      await user().click(screen.getByLabelText('Conversations'))
      await searchFor('morning')
      const [first] = hits()
      if (first) await user().click(first)
      await settle()
      expect(container.querySelector('[data-found="true"]')?.textContent).toContain('Good morning')
      expect(document.activeElement).toBe(container.querySelector('[data-found="true"]'))
    }
    expect(world.peer.closed).toBe(false)
    expect(world.client.calls.filter((call) => call === 'conversation new')).toHaveLength(1)
  })

  it('says that nothing was found, and shows the list again once the field is cleared', async () => {
    await openList((world) => {
      prepared(world)
      world.client.hits = []
    })
    await searchFor('  zebra ')
    expect(screen.getByText('Nothing found for “zebra”.')).toBeTruthy()
    await user().click(screen.getByLabelText('Clear the search'))
    expect(field()).toHaveProperty('value', '')
    expect(document.activeElement).toBe(field())
    expect(within(dialog()).getByText('Trips')).toBeTruthy()
  })

  it('asks for nothing where nothing is written, and once for words that were typed quickly', async () => {
    const { world } = await openList()
    await searchFor('   ')
    expect(within(dialog()).getByText('Trips')).toBeTruthy()
    await user().clear(field())
    await user().type(field(), '"; DROP <x>')
    await settle(250)
    expect(world.client.calls.filter((call) => call.startsWith('search'))).toEqual(['search "; DROP <x>'])
  })

  it('shows the answer to the newest words, whichever comes last', async () => {
    const answers: ((hits: readonly SearchHit[]) => void)[] = []
    const { world } = await openList()
    world.client.search = () => new Promise((resolve) => answers.push(resolve))
    await searchFor('kö')
    expect(screen.getByText('Searching')).toBeTruthy()
    await searchFor('ln')
    answers[1]?.([HIT])
    await settle()
    answers[0]?.([])
    await settle()
    expect(hits()).toHaveLength(1)
  })

  it('says that the server does not answer, and finds again when it does', async () => {
    const { world } = await openList((fresh) => {
      prepared(fresh)
      fresh.client.failing.set('search', new ApiError(0, 'unreachable', 'no'))
    })
    await searchFor('köl')
    expect(screen.getByText(/does not answer/)).toBeTruthy()
    world.client.failing.clear()
    await searchFor('n')
    expect(hits()).toHaveLength(2)
  })

  it('goes by keys from the field to the results and back', async () => {
    await openList()
    await searchFor('köln')
    await user().keyboard('{ArrowDown}{ArrowDown}')
    expect(document.activeElement).toBe(hits()[1])
    await user().keyboard('{ArrowDown}')
    expect(document.activeElement).toBe(hits()[1])
    await user().keyboard('{ArrowUp}{ArrowUp}')
    expect(document.activeElement).toBe(field())
    await user().keyboard('{Enter}')
    expect(document.activeElement).toBe(hits()[0])
    await user().keyboard('{Enter}')
    await settle()
    expect(location.hash).toBe('#c=old')
  })

  it('has no barriers', async () => {
    const { container } = await openList()
    await searchFor('köln')
    vi.useRealTimers()
    const { violations } = await axe.run(container, { rules: { 'color-contrast': { enabled: false } } })
    expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`)).toEqual([])
  })
})

describe('a re-run of a conversation', () => {
  it('is called one in the list, and the page opens the newest of the others', async () => {
    await openList((world) => {
      prepared(world)
      world.client.copies.add('new')
    })
    expect(location.hash).toBe('#c=old')
    expect(dialog().querySelectorAll('li')[0]?.textContent).toContain(', re-run')
    expect(dialog().querySelectorAll('li')[1]?.textContent).not.toContain('re-run')
  })
})
