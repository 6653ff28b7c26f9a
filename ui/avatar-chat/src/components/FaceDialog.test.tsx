import { fireEvent, screen, waitFor, within } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import axe from 'axe-core'
import { beforeAll, describe, expect, it, vi } from 'vitest'
import { ApiError } from '../services/avatarClient'
import type { Character } from '../services/avatarClient'
import { chosen, faceMade, faceRefused, faceRequested } from '../test/facts'
import { ADA } from '../test/fakes'
import { openPage, settle, type FakeWorld } from '../test/page'

const user = () => userEvent.setup({ advanceTimers: (ms) => vi.advanceTimersByTime(ms) })
const ZOE: Character = { ...ADA, id: 'zoe-1', name: 'Zoe', portrait: 'api/characters/zoe-1/portrait', own: true }
const PHOTO = new File(['photo'], 'me.jpg', { type: 'image/jpeg' })
const asked = faceRequested('zoe-1', 'Zoe')

beforeAll(() => {
  URL.createObjectURL = () => 'blob:photo'
  URL.revokeObjectURL = () => undefined
})

async function openDialog(prepare?: (world: FakeWorld) => void) {
  const page = await openPage(prepare)
  await user().click(screen.getByTestId('new-face'))
  return page
}

async function ask(): Promise<void> {
  await user().upload(screen.getByLabelText('Photo'), PHOTO)
  await user().type(screen.getByLabelText('Name'), 'Zoe')
  await user().selectOptions(screen.getByLabelText('Voice'), 'male')
  await user().type(screen.getByLabelText(/Who they are/), 'You rhyme.')
  await user().click(screen.getByRole('button', { name: 'Make this face' }))
  await settle()
}

describe('a face from a photo', () => {
  it('is asked for, shown as being made, and talked to as soon as it is there', async () => {
    const { world } = await openDialog()
    await ask()
    expect(world.client.calls).toContain('requestFace c1 5 Zoe male You rhyme.')
    world.tell(null, asked)
    expect(screen.getByTestId('making-zoe-1').textContent).toBe('Zoe')
    expect(screen.getByRole('button', { name: 'Making the face' })).toHaveProperty('disabled', true)
    world.client.faces = [ZOE]
    world.tell(null, faceMade('zoe-1'))
    await settle()
    expect(screen.queryByTestId('face-form')).toBeNull()
    expect(screen.queryByTestId('making-zoe-1')).toBeNull()
    expect(world.client.calls).toContain('choose c1 zoe-1')
    world.tell(null, chosen('zoe-1'))
    expect(screen.getByTestId('character-zoe-1').getAttribute('aria-pressed')).toBe('true')
  })

  it('that is listed a moment after it is told is waited for', async () => {
    const { world } = await openDialog()
    await ask()
    world.tell(null, asked, faceMade('zoe-1'))
    await settle(400)
    expect(world.client.calls).not.toContain('choose c1 zoe-1')
    world.client.faces = [ZOE]
    await settle(400)
    expect(world.client.calls).toContain('choose c1 zoe-1')
  })

  it('that cannot be made says why, keeps what was written, and lets another photo be tried', async () => {
    const { world } = await openDialog()
    await ask()
    const detail = 'no face was found'
    world.tell(null, asked, faceRefused('zoe-1', detail))
    await settle()
    expect(screen.getByTestId('face-problem').textContent).toBe('no face was found')
    expect(screen.queryByTestId('notice')).toBeNull()
    expect(screen.getByLabelText('Name')).toHaveProperty('value', 'Zoe')
    expect(screen.getByRole('button', { name: 'Make this face' })).toHaveProperty('disabled', false)
    expect(world.client.calls).not.toContain('choose c1 zoe-1')
  })

  it('that may look wrong is made, and says why until that is dismissed', async () => {
    const { world } = await openDialog()
    await ask()
    world.client.faces = [ZOE]
    world.tell(null, asked, faceMade('zoe-1', 'dark glasses hide the eyes'))
    await settle(8000)
    expect(screen.queryByTestId('face-form')).toBeNull()
    expect(world.client.calls).toContain('choose c1 zoe-1')
    expect(screen.getByTestId('notice').textContent).toBe('The face may look wrongDark glasses hide the eyes.')
  })

  it('whose photo the browser cannot show has its name in its place', async () => {
    await openDialog()
    await user().upload(screen.getByLabelText('Photo'), new File(['heic'], 'IMG_1.heic', { type: 'image/heic' }))
    fireEvent.error(screen.getByAltText('The photo'))
    expect(screen.queryByAltText('The photo')).toBeNull()
    expect(screen.getByText('IMG_1.heic')).toBeTruthy()
  })

  it('whose photo is not taken says why', async () => {
    const taken = new ApiError(409, 'taken', 'take another name')
    await openDialog((world) => world.client.failing.set('requestFace', taken))
    await ask()
    expect(screen.getByTestId('face-problem').textContent).toBe('take another name')
  })

  it('that is refused after the dialog was closed is told beside the face', async () => {
    const { world } = await openDialog()
    await ask()
    world.tell(null, asked)
    await user().click(screen.getByRole('button', { name: 'Close' }))
    world.tell(null, faceRefused('zoe-1', 'two faces'))
    expect(screen.getByTestId('notice').textContent).toBe('There is no face for Zoetwo faces')
  })

  it('asked for in another tab is not switched to here, but known when it is chosen', async () => {
    const { world } = await openPage()
    await user().click(screen.getByTestId('talk-button'))
    await settle()
    world.client.faces = [ZOE]
    world.tell(null, asked, faceMade('zoe-1'))
    await settle()
    expect(world.client.calls.filter((call) => call.startsWith('choose'))).toEqual([])
    expect(screen.getByTestId('character-zoe-1')).toBeTruthy()
  })

  it('can be removed, when one is sure', async () => {
    const { world } = await openDialog((fresh) => (fresh.client.faces = [ZOE]))
    const list = screen.getByRole('region', { name: 'Your faces' })
    await user().click(within(list).getByRole('button', { name: 'Remove Zoe' }))
    expect(world.client.calls).not.toContain('removeCharacter zoe-1')
    await user().click(within(list).getByRole('button', { name: 'Remove Zoe for good' }))
    await settle()
    expect(world.client.calls).toContain('removeCharacter zoe-1')
    expect(screen.queryByTestId('character-zoe-1')).toBeNull()
  })

  it('is not offered beyond what a person may have, nor where it is switched off', async () => {
    await openDialog((world) => {
      world.client.faces = [ZOE]
      world.client.limit = 1
    })
    expect(screen.queryByTestId('face-form')).toBeNull()
    expect(screen.getByText(/You have 1 faces of your own/)).toBeTruthy()
  })

  it('is not offered where it is switched off', async () => {
    await openPage((world) => (world.client.limit = 0))
    expect(screen.queryByTestId('new-face')).toBeNull()
  })

  it('has a dialog without barriers', async () => {
    const { container } = await openDialog((world) => (world.client.faces = [ZOE]))
    await waitFor(() => expect(screen.getByTestId('face-form')).toBeTruthy())
    vi.useRealTimers()
    const { violations } = await axe.run(container, { rules: { 'color-contrast': { enabled: false } } })
    expect(violations.map(({ id }) => id)).toEqual([])
  })
})
