import { render, screen } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import axe from 'axe-core'
import { afterEach, expect, it, vi } from 'vitest'
import { AvatarClient } from '../services/avatarClient'
import { signedOut } from '../services/signedOut'
import { SignedIn, SignIn, SignInGate } from './SignIn'

const refusal = (status: number, code: string, message: string) =>
  Promise.resolve(Response.json({ error: { code, message } }, { status }))

afterEach(() => signedOut.set(false))

it('is shown once the gateway wants a key, and says why a key was refused', async () => {
  const user = userEvent.setup()
  const asked: unknown[] = []
  let answer = () => refusal(401, 'not_signed_in', 'sign in with a key')
  vi.stubGlobal('fetch', (url: string, init: RequestInit) => {
    asked.push([init.method, url, init.body])
    return answer()
  })
  render(<SignInGate>the page</SignInGate>)
  expect(screen.queryByText('the page')).not.toBeNull()
  await expect(new AvatarClient().conversations()).rejects.toThrow('sign in with a key')
  await screen.findByTestId('sign-in')
  expect(screen.queryByText('the page')).toBeNull()
  answer = () => refusal(403, 'forbidden', 'this key opens nothing here')
  await user.type(screen.getByLabelText(/Your key/), 'wrong{Enter}')
  expect((await screen.findByRole('alert')).textContent).toBe('this key opens nothing here')
  expect(asked.at(-1)).toEqual(['POST', 'api/session', '{"key":"wrong"}'])
  expect((await axe.run(document.body)).violations).toEqual([])
})

it('begins the page anew with a key that opens', async () => {
  const user = userEvent.setup()
  const done = vi.fn()
  vi.stubGlobal('fetch', () => Promise.resolve(new Response(null, { status: 204 })))
  render(<SignIn onDone={done} />)
  expect(screen.getByRole<HTMLButtonElement>('button', { name: 'Sign in' }).disabled).toBe(true)
  await user.type(screen.getByLabelText(/Your key/), 'vk_right{Enter}')
  expect(done).toHaveBeenCalledOnce()
})

it('says who is signed in, and nothing where nobody needs to be', async () => {
  const session = { access: 'keys', signed_in: true, is_needed: false, name: 'Ann', scopes: ['talk'] }
  vi.stubGlobal('fetch', () => Promise.resolve(Response.json(session)))
  const { unmount } = render(<SignedIn />)
  await screen.findByText('Signed in as Ann')
  unmount()
  vi.stubGlobal('fetch', () => Promise.resolve(Response.json({ ...session, signed_in: false })))
  const { container } = render(<SignedIn />)
  await new Promise((resolve) => setTimeout(resolve))
  expect(container.textContent).toBe('')
})
