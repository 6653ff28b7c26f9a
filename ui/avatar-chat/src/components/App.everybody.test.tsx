import { screen } from '@testing-library/react'
import axe from 'axe-core'
import { describe, expect, it, vi } from 'vitest'
import { playing, sentence, spoken, written } from '../test/facts'
import { get, openPage, settle, talk, user, withHistory } from '../test/page'

describe('everybody', () => {
  it.each(['idle', 'talking', 'help', 'list'])('finds a page without barriers (%s)', async (state) => {
    const { world, container } = await (state === 'talking' ? talk() : openPage(withHistory))
    if (state === 'talking') world.tell('t1', written('hello'), sentence(0), playing(0))
    if (state === 'help') await user().keyboard('?')
    if (state === 'list') await user().click(screen.getByLabelText('Conversations'))
    await user().keyboard('d')
    vi.useRealTimers()
    const { violations } = await axe.run(container, { rules: { 'color-contrast': { enabled: false } } })
    expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`)).toEqual([])
  })

  it('can switch keys of one letter off', async () => {
    await talk()
    await user().keyboard('?')
    await user().click(screen.getByLabelText('Use keys of one letter'))
    await user().click(screen.getByLabelText('Close'))
    await user().keyboard('m')
    expect(get('mute-button').getAttribute('aria-pressed')).toBe('false')
  })

  it('can switch captions off', async () => {
    const { world } = await talk()
    await user().keyboard('c')
    world.tell('t1', written('hello'), sentence(0), playing(0))
    expect(get('captions').textContent).toBe('')
  })

  it('can look at the delays', async () => {
    const { world } = await talk()
    await user().keyboard('d')
    world.tell('t1', written('hello'), sentence(0), spoken(0), playing(0))
    await settle(1000)
    expect(get('readout').textContent).toContain('Answer 3000 ms')
  })

  it('sees the initial of a character until the portrait has been drawn, and then the portrait', async () => {
    const { container } = await openPage()
    const image = () => container.querySelector('.avatar-frame img')
    const before = image()?.getAttribute('src')
    image()?.dispatchEvent(new Event('error'))
    await settle(1000)
    expect(before).toBe('api/characters/ada/portrait')
    expect(image()?.getAttribute('src')).toBe('api/characters/ada/portrait?again=1')
  })
})
