import { act, screen, within } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import axe from 'axe-core'
import { describe, expect, it, vi } from 'vitest'
import type { ChannelView, LinkView } from '../generated/link_view'
import { ApiError } from '../services/avatarClient'
import { CLAIMED, LINKED, OFFERED, viewOf } from '../test/fakes'
import { openPage, settle, type FakeWorld } from '../test/page'

const user = () => userEvent.setup({ advanceTimers: (ms) => vi.advanceTimersByTime(ms) })
const TELEGRAM: ChannelView = { name: 'telegram', account: 'bot', label: '@bot', has_address: true }
const FOLDER: ChannelView = { name: 'folder', account: 'here', label: '', has_address: false }

function withLinks(...links: readonly LinkView[]) {
  return (world: FakeWorld) => {
    world.client.views.set('c1', { ...viewOf('c1'), title: 'Stars' })
    world.client.links = { channels: [FOLDER, TELEGRAM], links }
  }
}

async function openDialog(...links: readonly LinkView[]) {
  const page = await openPage(withLinks(...links))
  await user().click(screen.getByTestId('channels-button'))
  await settle()
  return page
}

const telegram = () => within(screen.getByTestId('channel-telegram'))
const count = (world: FakeWorld, call: string) => world.client.calls.filter((one) => one === call).length

async function press(name: string | RegExp): Promise<void> {
  await user().click(screen.getByRole('button', { name }))
  await settle()
}

describe('channels', () => {
  it('do not show where none is set up, but in the help', async () => {
    await openPage()
    expect(screen.queryByTestId('channels-button')).toBeNull()
    await press('Help')
    expect(screen.getByTestId('help-elsewhere').textContent).toContain('can be set up')
  })

  it('that do not run now show what is linked there, which can be ended', async () => {
    const { world } = await openPage(({ client }) => {
      client.links = { channels: [], links: [LINKED] }
    })
    await user().click(screen.getByTestId('channels-button'))
    await settle()
    expect(telegram().getByText('Not running now')).toBeTruthy()
    await press(/^Unlink/)
    await press(/^Unlink/)
    expect(world.client.calls).toContain('endLink l1')
  })

  it('that are set up are named in the help', async () => {
    await openPage(withLinks())
    await press('Help')
    expect(screen.getByTestId('help-elsewhere').textContent).toContain('Notes folder and Telegram')
  })

  it('are linked by a token that the person brings there and confirms here', async () => {
    const { world } = await openDialog()
    await press('Link Telegram')
    expect(world.client.calls).toContain('offerLink telegram c1')
    const address = telegram().getByRole('link', { name: 'Open Telegram' })
    expect(address.getAttribute('href')).toBe('https://t.me/bot?start=l_TOKEN')
    expect(document.activeElement).toBe(address)
    expect(telegram().getByText('link TOKEN')).toBeTruthy()
    world.client.links = { ...world.client.links, links: [CLAIMED] }
    await settle(2000)
    expect(screen.queryByTestId('link-offer')).toBeNull()
    expect(screen.getByTestId('link-claim').textContent).toContain('Is this you?Ann …1234')
    await press('Yes, link it')
    expect(world.client.calls).toContain('confirmLink l1')
    expect(telegram().getByTestId('linked-account').textContent).toContain('Goes on in this conversation.')
  })

  it('without an address are linked by writing the token', async () => {
    await openDialog()
    await press('Link Notes folder')
    const folder = within(screen.getByTestId('channel-folder'))
    expect(folder.queryByRole('link')).toBeNull()
    expect(folder.getByText('visavis note --text "link TOKEN"')).toBeTruthy()
    expect(folder.getByText('Run this where Visavis runs:')).toBeTruthy()
    expect(telegram().queryByTestId('link-offer')).toBeNull()
    await press('Cancel')
    expect(screen.queryByTestId('link-offer')).toBeNull()
  })

  it('that a stranger claims are refused', async () => {
    const { world } = await openDialog(CLAIMED)
    await press('No')
    expect(world.client.calls).toContain('refuseLink l1')
    expect(screen.queryByTestId('link-claim')).toBeNull()
    expect(telegram().getByRole('button', { name: 'Link Telegram' })).toBeTruthy()
  })

  it('are asked for again only while something is pending, and the panel is open and seen', async () => {
    const { world } = await openDialog(LINKED)
    await settle(9000)
    expect(count(world, 'channels')).toBe(1)
    world.client.links = { ...world.client.links, links: [OFFERED] }
    act(() => void document.dispatchEvent(new Event('visibilitychange')))
    await settle(4000)
    expect(count(world, 'channels')).toBe(4)
    await press('Close')
    await settle(9000)
    expect(count(world, 'channels')).toBe(4)
  })

  it('keep the token that was offered while the panel is closed', async () => {
    await openDialog()
    await press('Link Telegram')
    await press('Close')
    await user().click(screen.getByTestId('channels-button'))
    await settle()
    expect(telegram().getByText('link TOKEN')).toBeTruthy()
  })

  it('say what did not work', async () => {
    const { world } = await openDialog()
    world.client.failing.set('offerLink', new ApiError(409, 'too_many', 'you have 10 links; end one first'))
    await press('Link Telegram')
    expect(screen.getByRole('alert').textContent).toBe('you have 10 links; end one first')
    world.client.failing.set('offerLink', new ApiError(0, 'unreachable', 'fetch failed'))
    await press('Link Telegram')
    expect(screen.getByRole('alert').textContent).toContain('cannot be reached')
  })

  it('that are linked by a code take it as it is typed', async () => {
    const { world } = await openDialog()
    const { client } = world
    const field = screen.getByLabelText<HTMLInputElement>('Code')
    client.failing.set('pair', new ApiError(404, 'not_found', 'this code is not known'))
    await user().type(field, 'ABCD{Enter}')
    await settle()
    expect(screen.getByRole('alert').textContent).toBe('this code is not known')
    expect(field.value).toBe('ABCD')
    client.failing.clear()
    await user().type(field, ' efgh{Enter}')
    await settle()
    expect(client.calls).toContain('pair ABCD efgh c1')
    expect(field.value).toBe('')
    expect(screen.getByTestId('linked-account')).toBeTruthy()
  })
})

describe('a linked account', () => {
  it('is answered as the person wants', async () => {
    const { world } = await openDialog(LINKED)
    await user().selectOptions(screen.getByLabelText('Answers there'), 'Voice notes')
    await settle()
    await user().click(screen.getByLabelText(/what was understood/))
    await settle()
    await user().click(screen.getByLabelText(/said elsewhere/))
    await settle()
    const changes = world.client.calls.filter((call) => call.startsWith('changeLink'))
    expect(changes).toEqual([
      'changeLink l1 {"form":"voice"}',
      'changeLink l1 {"echo":true}',
      'changeLink l1 {"mirror":false}',
    ])
    expect(screen.getByLabelText<HTMLSelectElement>('Answers there').value).toBe('voice')
    expect(screen.getByLabelText<HTMLInputElement>(/said elsewhere/).checked).toBe(false)
  })

  it('goes on in the conversation that is open here', async () => {
    const { world } = await openDialog({ ...LINKED, conversation: 'c7' })
    expect(screen.getByTestId('linked-account').textContent).toContain('Goes on in “Untitled”.')
    await press('Continue this conversation on Telegram')
    expect(world.client.calls).toContain('changeLink l1 {"conversation":"c1"}')
    expect(screen.getByTestId('linked-account').textContent).toContain('Goes on in this conversation.')
  })

  it('whose conversation is another one, that one can be opened here', async () => {
    const { chat } = await openDialog({ ...LINKED, conversation: 'c7' })
    await press('Open it here')
    expect(chat.state.get().conversation?.id).toBe('c7')
    expect(screen.getByTestId('linked-account').textContent).toContain('Goes on in this conversation.')
  })

  it('changes twice at once one after the other', async () => {
    const { world } = await openDialog(LINKED)
    const answers: (() => void)[] = []
    const { client } = world
    const change = client.changeLink.bind(client)
    client.changeLink = (id, to) => new Promise((resolve) => answers.push(() => void change(id, to).then(resolve)))
    await user().click(screen.getByLabelText(/what was understood/))
    await user().click(screen.getByLabelText(/said elsewhere/))
    await settle()
    expect(answers.length).toBe(1)
    answers[0]?.()
    await settle()
    expect(answers.length).toBe(2)
    answers[1]?.()
    await settle()
    expect(client.links.links[0]).toMatchObject({ echo: true, mirror: false })
  })

  it('is unlinked at the second click', async () => {
    const { world } = await openDialog(LINKED)
    await press('Unlink Ann')
    expect(world.client.calls).not.toContain('endLink l1')
    await press('Unlink Ann for good')
    expect(world.client.calls).toContain('endLink l1')
    expect(screen.queryByTestId('linked-account')).toBeNull()
    expect(document.activeElement?.textContent).toBe('Telegram')
  })

  it('that blocked us, or whose channel does not run, says so', async () => {
    const { world } = await openDialog({ ...LINKED, reachable: false })
    expect(screen.getByTestId('linked-account').textContent).toContain('You have blocked us')
    world.client.links = { channels: [FOLDER], links: [LINKED] }
    act(() => void document.dispatchEvent(new Event('visibilitychange')))
    await settle()
    expect(telegram().getByText('Not running now')).toBeTruthy()
    expect(telegram().queryByRole('button', { name: /^Link/ })).toBeNull()
    expect(telegram().getByRole('button', { name: 'Unlink Ann' })).toBeTruthy()
  })
})

describe('the panel of channels', () => {
  it('is accessible in every state', async () => {
    const states: readonly (readonly LinkView[])[] = [[], [CLAIMED], [LINKED, { ...CLAIMED, id: 'l2' }]]
    for (const links of states) {
      const { unmount } = await openDialog(...links)
      const rules = { 'color-contrast': { enabled: false } } // jsdom lays nothing out
      const { violations } = await axe.run(screen.getByRole('dialog'), { rules })
      expect(violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)])).toEqual([])
      unmount()
    }
  })
})
