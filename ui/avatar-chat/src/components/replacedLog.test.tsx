/** The page where the server's log is another one than it followed: deleted, or put back from an older copy. */

import { act, screen } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { describe, expect, it, vi } from 'vitest'
import type { ConversationView } from '../generated/view'
import { ApiError } from '../services/avatarClient'
import { replyEnded, sentence, written } from '../test/facts'
import { ADA, viewOf } from '../test/fakes'
import { openPage, settle, type FakeWorld } from '../test/page'

const user = () => userEvent.setup({ advanceTimers: (ms) => vi.advanceTimersByTime(ms) })
const get = (id: string) => screen.getByTestId(id)
const said = () => screen.queryAllByTestId('message-person').map((message) => message.textContent)
const sent = (world: FakeWorld) => world.client.calls.filter((call) => call.startsWith('send'))
const GONE = new ApiError(404, 'not_found', 'no such conversation')
const NOT_READY = new ApiError(503, 'unavailable', 'the log is being read')
const LONGEST_WAIT = 8000
const older: ConversationView = { ...viewOf('c1', ['t1', written('hello')]), seq: 50 }

/** Open the page in the conversation "c1", in which one thing was said. */
async function openConversation() {
  const page = await openPage((world) => world.client.views.set('c1', viewOf('c1')))
  page.world.tell('t1', written('hello'), sentence(0), replyEnded)
  return page
}

async function talk() {
  const page = await openConversation()
  await user().click(get('talk-button'))
  await settle()
  page.world.connect()
  await settle()
  return page
}

/** The connection of the events is lost, so many times in a row; the page tries again after `wait` milliseconds. */
async function lose(world: FakeWorld, times: number, wait = 1000): Promise<void> {
  for (let time = 0; time < times; time += 1) {
    act(() => world.source.fail())
    await settle(wait)
  }
}

describe('a conversation that the server no longer has', () => {
  it('is said to be gone, until there is an answer in the new one in which the call goes on', async () => {
    const { world } = await talk()
    world.client.failing.set('conversation c1', GONE)
    await lose(world, 2)
    expect(screen.getAllByTestId('notice').map((notice) => notice.textContent)).toEqual([
      'That conversation is goneThe server no longer has it. You go on in a new one.',
    ])
    expect(location.hash).toBe('#c=c2')
    expect(said()).toEqual([])
    expect(world.peers.map(({ closed }) => closed)).toEqual([true, false])
    expect(world.track).toMatchObject({ stopped: false })
    world.connect()
    await settle()
    expect(get('status').getAttribute('data-state')).toBe('listening')
    world.tell('t1', written('hello again'), sentence(0), replyEnded)
    expect(screen.queryByTestId('notice')).toBeNull()
  })

  it('is left for a new one with the next words, where there is no call', async () => {
    const { world } = await openConversation()
    world.client.failing.set('conversation c1', GONE)
    world.client.calls.length = 0
    await lose(world, 2)
    expect(get('notice').textContent).toContain('That conversation is gone')
    expect(location.hash).toBe('')
    expect(world.client.calls.filter((call) => !call.includes(' '))).toEqual(['conversations', 'characters'])
    await user().type(get('composer-input'), 'hello{Enter}')
    await settle(3000)
    expect(sent(world)).toEqual(['send c2 hello'])
  })

  it('goes on with another character, where its own is gone too', async () => {
    const { world } = await openPage(({ client }) => {
      client.faces = [{ ...ADA, id: 'zoe-1', name: 'Zoe', own: true }]
      client.views.set('c1', { ...viewOf('c1'), character: 'zoe-1' })
    })
    world.client.failing.set('conversation c1', GONE)
    world.client.faces = []
    await lose(world, 2)
    await user().type(get('composer-input'), 'hello{Enter}')
    await settle()
    expect(world.client.calls).toContain('open ada')
  })

  it('is not believed to be gone at once: another gateway may not know a new one yet', async () => {
    const { world } = await openConversation()
    world.client.failing.set('conversation c1', GONE)
    await lose(world, 1)
    expect(said()).toEqual(['hello'])
    expect(location.hash).toBe('#c=c1')
  })

  it('keeps what is being typed, and sends in the new one what could not be sent', async () => {
    const { world } = await talk()
    await user().click(get('leave-button'))
    world.client.failing.set('conversation c1', GONE)
    world.client.failing.set('send c1 first', GONE)
    await user().type(get('composer-input'), 'first{Enter}')
    await settle()
    expect(said()).toEqual(['hello', 'first'])
    await user().type(get('composer-input'), 'second')
    await lose(world, 2)
    expect(location.hash).toBe('#c=c2')
    expect(sent(world)).toEqual(['send c1 first', 'send c2 first'])
    expect(said()).toEqual(['first'])
    expect(get('composer-input')).toHaveProperty('value', 'second')
  })

  it('sends once, and in the new one, what was on its way', async () => {
    const { world } = await openConversation()
    await user().type(get('composer-input'), 'first{Enter}')
    await settle()
    expect(said()).toEqual(['hello', 'first']) // it waits for sound and picture
    world.client.failing.set('conversation c1', GONE)
    await lose(world, 2)
    world.connect()
    await settle(LONGEST_WAIT)
    expect(sent(world)).toEqual(['send c2 first'])
  })

  it('gives back what was not sent and says that the call has ended, where no new one can be opened', async () => {
    const { world } = await talk()
    for (const call of ['conversation c1', 'send c1 first']) world.client.failing.set(call, GONE)
    world.client.failing.set('open', NOT_READY)
    await user().type(get('composer-input'), 'first{Enter}')
    await lose(world, 2)
    expect(screen.getByText('The server no longer has it, and the call has ended with it.')).toBeTruthy()
    expect(get('composer-input')).toHaveProperty('value', 'first')
  })
})

describe('a conversation of which the server has an older state', () => {
  it('is shown as the server has it, and followed from there', async () => {
    const { world } = await openConversation()
    world.tell('t2', written('how are you'))
    world.client.views.set('c1', older)
    await lose(world, 1)
    expect(said()).toEqual(['hello'])
    expect(world.source.url).toContain('c1/events?after=50')
    world.tell('t2', written('good morning'))
    expect(said()).toEqual(['hello', 'good morning'])
  })

  it('is found out also where the newer log has reached the place that the page asks for', async () => {
    const { world } = await openConversation()
    world.tell('t2', written('how are you'))
    world.client.failing.set('conversation c1', NOT_READY)
    await lose(world, 1)
    world.client.failing.clear()
    world.client.views.set('c1', older)
    act(() => world.source.open())
    await settle()
    expect(said()).toEqual(['hello'])
    expect(world.source.url).toContain('c1/events?after=50')
  })

  it('is found out also where the other log is longer than the one before, and goes on', async () => {
    const { world } = await openConversation()
    world.tell('t2', written('how are you'))
    const answers: ((view: ConversationView) => void)[] = []
    world.client.conversation = () => new Promise((resolve) => answers.push(resolve))
    await lose(world, 1)
    world.tell('t3', written('of the other log'))
    answers.forEach((answer) => answer({ ...older, seq: 500 }))
    await settle()
    expect(said()).toEqual(['hello'])
    expect(world.source.url).toContain('c1/events?after=500')
  })

  it('is not taken where events have come meanwhile', async () => {
    const { world } = await openConversation()
    const answers: ((view: ConversationView) => void)[] = []
    world.client.conversation = () => new Promise((resolve) => answers.push(resolve))
    await lose(world, 1)
    world.tell('t2', written('how are you'))
    answers.forEach((answer) => answer(older))
    await settle()
    expect(answers).toHaveLength(1)
    expect(said()).toEqual(['hello', 'how are you'])
  })

  it('is not taken for gone where the events have come back meanwhile', async () => {
    const { world } = await openConversation()
    const refusals: ((error: ApiError) => void)[] = []
    world.client.conversation = () => new Promise((_, reject) => refusals.push(reject))
    await lose(world, 2)
    act(() => world.source.open())
    refusals.forEach((refuse) => refuse(GONE))
    await settle()
    expect(refusals).toHaveLength(3)
    expect(said()).toEqual(['hello'])
  })
})

it('keeps trying while the server is not ready, and says that it is away', async () => {
  const { world } = await openConversation()
  world.client.failing.set('conversation c1', NOT_READY)
  await lose(world, 5, LONGEST_WAIT)
  expect(world.sources).toHaveLength(6)
  expect(get('notice').textContent).toContain('The server is away')
  expect(said()).toEqual(['hello'])
  world.client.failing.clear()
  world.client.views.set('c1', { ...older, seq: 103 })
  act(() => world.source.open())
  await settle()
  expect(screen.queryByTestId('notice')).toBeNull()
  expect(location.hash).toBe('#c=c1')
})
