import { screen, within } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import axe from 'axe-core'
import { describe, expect, it, vi } from 'vitest'
import type { ServerStatus } from '../services/avatarClient'
import { serviceUp, STATUS } from '../test/fakes'
import { openPage, settle, type FakeWorld } from '../test/page'

const user = () => userEvent.setup({ advanceTimers: (ms) => vi.advanceTimersByTime(ms) })
const badge = () => screen.getByTestId('engine-badge')

async function openDialog(prepare?: (world: FakeWorld) => void) {
  const page = await openPage(prepare)
  badge().focus()
  await user().keyboard('{Enter}')
  await settle()
  return { ...page, dialog: within(screen.getByRole('dialog', { name: 'What is in use' })) }
}

function fetching(percent: number | null): ServerStatus {
  const voice = { ...serviceUp('tts', 'hibari', 'hibari'), downloads: [{ model: 'kokoro', percent }] }
  return { ...STATUS, services: STATUS.services.map((one) => (one.name === 'tts' ? voice : one)) }
}

describe('the badge of the engines', () => {
  it('says that this is a demo, and opens what is in use and what would be better', async () => {
    const { dialog } = await openDialog()
    expect(badge().getAttribute('aria-label')).toContain('Offline demo')
    expect(dialog.getByTestId('engine-stt').textContent).toBe('Moonshine, English, on this machine')
    expect(dialog.getByTestId('engine-dialogue').textContent).toContain('Offline companion')
    expect(dialog.getByTestId('suggestion').textContent).toBe(
      'A language model makes it real.Takes 1.1 GB to download.make mind',
    )
  })

  it('is not there before the server has told its status', async () => {
    await openPage(({ client }) => {
      client.status = () => new Promise(() => undefined)
    })
    expect(screen.queryByTestId('engine-badge')).toBeNull()
  })

  it('shows the progress of a download while it lasts', async () => {
    const { world, dialog } = await openDialog(({ client }) => {
      client.installation = fetching(40)
    })
    expect(badge().getAttribute('aria-label')).toContain('Fetching kokoro, 40 %')
    expect(dialog.getByRole<HTMLProgressElement>('progressbar', { name: 'Fetching kokoro, 40 %' }).value).toBe(40)
    world.client.installation = fetching(null)
    await settle(3000)
    expect(dialog.getByRole('progressbar', { name: 'Fetching kokoro' }).hasAttribute('value')).toBe(false)
    world.client.installation = STATUS
    await settle(3000)
    expect(dialog.queryByRole('progressbar')).toBeNull()
    expect(badge().getAttribute('aria-label')).toContain('Offline demo')
  })

  it('says what does not run, and where there is nothing to propose', async () => {
    const { dialog } = await openDialog(({ client }) => {
      const services = STATUS.services.map((one) => (one.name === 'tts' ? { ...one, up: false, words: '' } : one))
      client.installation = { ...STATUS, services, suggestions: [] }
    })
    expect(badge().getAttribute('aria-label')).toContain('Incomplete')
    expect(dialog.getByTestId('engine-tts').textContent).toBe('Not running')
    expect(dialog.getByText('There is nothing to propose.')).toBeTruthy()
  })

  it('copies a command, and says so', async () => {
    const { dialog } = await openDialog()
    const pointer = user()
    await pointer.click(dialog.getByLabelText('Copy: make mind'))
    expect(await navigator.clipboard.readText()).toBe('make mind')
    expect(dialog.getByText('Copied').getAttribute('role')).toBe('status')
    await settle(3000)
    expect(dialog.queryByText('Copied')).toBeNull()
  })

  it('selects the command where the browser does not let the page copy', async () => {
    const { dialog } = await openDialog()
    const pointer = user()
    vi.spyOn(navigator.clipboard, 'writeText').mockRejectedValue(new Error('not allowed'))
    await pointer.click(dialog.getByLabelText('Copy: make mind'))
    expect(getSelection()?.toString()).toBe('make mind')
    expect(dialog.getByText('Selected, to be copied by hand')).toBeTruthy()
  })

  it('opens a dialog without barriers', async () => {
    const { container } = await openDialog(({ client }) => {
      client.installation = fetching(40)
    })
    vi.useRealTimers()
    const { violations } = await axe.run(container, { rules: { 'color-contrast': { enabled: false } } })
    expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`)).toEqual([])
  })
})

describe('the help', () => {
  it('tells what can be said, with the name of somebody else, and the keys', async () => {
    await openPage()
    await user().click(screen.getByLabelText('Help'))
    const help = within(screen.getByRole('dialog', { name: 'Help' }))
    const phrases = help.getByTestId('phrases-en').textContent
    for (const phrase of ['“Stop”', '“Slower”', '“Text only”', '“Switch to Leo”', '“New conversation”']) {
      expect(phrases).toContain(phrase)
    }
    expect(help.getByTestId('phrases-de').textContent).toContain('“Wechsle zu Leo”')
    expect(help.getByText('Esc')).toBeTruthy()
  })
})
