import { act, fireEvent, screen } from '@testing-library/react'
import { describe, expect, it } from 'vitest'
import { ApiError } from '../services/avatarClient'
import { get, openPage, settle, talk, user } from '../test/page'

describe('the controls of a call', () => {
  it.each(['mute-button', 'leave-button'])('lets one talk with Space though the focus is on the %s', async (button) => {
    const { world } = await talk()
    await user().keyboard('m')
    get(button).focus()
    const hands = user()
    await hands.keyboard('{ >}')
    expect(world.track.enabled).toBe(true)
    await hands.keyboard('{/ }')
    expect(world.track.enabled).toBe(false)
    expect(world.call.state.get().mode).toBe('talk')
  })

  it('listens no longer than the key is held, whatever takes the focus away', async () => {
    const { world } = await talk()
    await user().keyboard('m')
    const losses = [
      () => fireEvent.blur(window),
      () => fireEvent(window, new Event('pagehide')),
      () => fireEvent.keyDown(document.body, { key: 'Meta', metaKey: true }),
      () => get('composer-input').focus(),
      () => fireEvent.keyDown(document.body, { key: '?' }), // opens a dialog
    ]
    for (const lose of losses) {
      fireEvent.keyDown(document.body, { key: ' ' })
      expect(world.track.enabled).toBe(true)
      act(() => {
        lose()
      })
      await settle()
      expect(world.track.enabled).toBe(false)
      fireEvent.keyUp(document.body, { key: ' ' })
    }
  })

  it('says how far a text is too long, keeps it, and sends nothing until it is shorter', async () => {
    const { world } = await talk()
    fireEvent.change(get('composer-input'), { target: { value: 'a'.repeat(20_000) } })
    expect(get('composer-length').textContent).toBe('16000 characters too many: 4000 can be sent')
    expect(get('composer-send')).toHaveProperty('disabled', true)
    await user().type(get('composer-input'), '{Enter}', { initialSelectionStart: 0, initialSelectionEnd: 0 })
    expect(get('composer-input')).toHaveProperty('value.length', 20_000)
    expect(world.client.calls.filter((made) => made.startsWith('send'))).toEqual([])
    fireEvent.change(get('composer-input'), { target: { value: '😀'.repeat(4000) } }) // characters, not UTF-16 units
    expect(get('composer-length').textContent).toBe('0')
    expect(get('composer-send')).toHaveProperty('disabled', false)
  })

  it('begins one conversation, however quickly the second message follows the first or a call', async () => {
    const { world } = await openPage()
    const open = world.client.open.bind(world.client)
    world.client.open = async (character) => {
      await new Promise((resolve) => setTimeout(resolve, 500))
      return open(character)
    }
    await user().type(get('composer-input'), 'hello{Enter}how are you{Enter}')
    await user().click(screen.getByText('Use microphone'))
    await settle(1000)
    world.connect()
    await settle(3000)
    const made = world.client.calls.filter((call) => /^(open|offer|send)/.test(call))
    expect(made).toEqual(['open ada', 'offer c1 offer', 'send c1 hello', 'send c1 how are you'])
  })

  it('puts a text back for which no conversation can be opened', async () => {
    const { world } = await openPage((fresh) => fresh.client.failing.set('open', new ApiError(503, 'away', 'no')))
    await user().type(get('composer-input'), 'first{Enter}')
    await settle()
    expect(get('composer-input')).toHaveProperty('value', 'first')
    expect(get('notice').textContent).toContain('That did not work')
    world.client.failing.clear()
    await user().type(get('composer-input'), '{Enter}')
    await settle()
    world.connect()
    await settle()
    expect(world.client.calls.at(-1)).toMatch(/^send c\d first$/)
  })
})
