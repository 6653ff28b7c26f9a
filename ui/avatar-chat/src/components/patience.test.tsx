/** What the page says and does where the server asks for patience. */

import { screen } from '@testing-library/react'
import { describe, expect, it } from 'vitest'
import { ApiError } from '../services/avatarClient'
import { written } from '../test/facts'
import { get, settle, talk, user } from '../test/page'

describe('patience', () => {
  it('says that there were too many calls, and calls again after the time that the server names', async () => {
    const { world } = await talk((world) =>
      world.client.failing.set('offer', new ApiError(429, 'too_many_requests', 'too many calls from you', 3000)),
    )
    expect(get('notice').textContent).toContain('Too many calls')
    const offers = () => world.client.calls.filter((call) => call.startsWith('offer')).length
    const before = offers()
    world.client.failing.clear()
    await settle(2000)
    expect(offers()).toBe(before)
    await settle(3000)
    expect(offers()).toBe(before + 1)
  })

  it('sends a message again where the server asks for patience, and says so', async () => {
    const { world } = await talk()
    world.client.failing.set('send', new ApiError(429, 'too_many_requests', 'too many messages from you', 2000))
    await user().type(get('composer-input'), 'hello{Enter}')
    await settle()
    expect(get('message-person').getAttribute('data-state')).toBe('sending')
    expect(get('message-waits').textContent).toContain('too many messages from you')
    world.client.failing.clear()
    await settle(2500)
    expect(screen.queryByTestId('message-waits')).toBeNull()
    world.tell('t1', written('hello', 'm1'))
    expect(get('message-person').getAttribute('data-state')).toBe('final')
  })
})
