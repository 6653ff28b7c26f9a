import { screen } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { describe, expect, it, vi } from 'vitest'
import { ApiError } from '../services/avatarClient'
import { written } from '../test/facts'
import { viewOf } from '../test/fakes'
import { openPage, settle } from '../test/page'

const user = () => userEvent.setup({ advanceTimers: (ms) => vi.advanceTimersByTime(ms) })
const made = (calls: readonly string[]) => calls.filter((call) => call.startsWith('erase'))

async function openList() {
  const page = await openPage((world) => {
    world.client.views.set('old', { ...viewOf('old', ['t1', written('Hallo')]), title: 'Trips' })
    world.client.views.set('new', { ...viewOf('new', ['t1', written('Good morning')]), title: 'Mornings' })
  })
  await user().click(screen.getByLabelText('Conversations'))
  return page
}

describe('erasing', () => {
  it('takes two clicks, and takes the conversation from the list and from the page', async () => {
    const { world } = await openList()
    const hands = user()
    await hands.click(screen.getByLabelText('Erase: Mornings'))
    expect(made(world.client.calls)).toEqual([])
    await hands.click(screen.getByLabelText('Erase for good: Mornings'))
    await settle()
    expect(made(world.client.calls)).toEqual(['eraseConversation new'])
    expect(screen.queryByText('Mornings')).toBeNull()
    expect(screen.getByText('Trips')).toBeTruthy()
    expect(screen.queryByText('Good morning')).toBeNull()
    expect(location.hash).toBe('')
  })

  it('keeps a conversation that could not be erased, and says so', async () => {
    const { world } = await openList()
    world.client.eraseConversation = () => Promise.reject(new ApiError(503, 'unavailable', 'NATS is away'))
    const hands = user()
    await hands.click(screen.getByLabelText('Erase: Trips'))
    await hands.click(screen.getByLabelText('Erase for good: Trips'))
    await settle()
    expect(screen.getByText('Trips')).toBeTruthy()
    expect(screen.getByText('NATS is away')).toBeTruthy()
  })

  it('gives all data as a file, and erases everything at the second click', async () => {
    const { world } = await openList()
    expect(screen.getByTestId('person-file').getAttribute('href')).toBe('api/person/export')
    const hands = user()
    await hands.click(screen.getByTestId('erase-person'))
    expect(made(world.client.calls)).toEqual([])
    await hands.click(screen.getByTestId('erase-person'))
    await settle()
    expect(made(world.client.calls)).toEqual(['erasePerson'])
    expect(screen.queryByText('Trips')).toBeNull()
  })
})
