import { KeyRound } from 'lucide-react'
import { useEffect, useState, type ReactNode, type SyntheticEvent } from 'react'
import { useStore } from '../hooks/useStore'
import { ApiError, AvatarClient } from '../services/avatarClient'
import { signedOut, type SessionInfo } from '../services/signedOut'

const client = new AvatarClient()

/** What it holds; or the sign-in, once the gateway has refused a request for the lack of a key. */
export function SignInGate({ children }: { readonly children: ReactNode }) {
  return useStore(signedOut) ? <SignIn /> : children
}

/** Asks for a key, and begins the page anew with it. */
export function SignIn({ onDone = () => location.reload() }: { readonly onDone?: () => void }) {
  const [key, setKey] = useState('')
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<string | null>(null)
  const submit = async (event: SyntheticEvent) => {
    event.preventDefault()
    setBusy(true)
    setProblem(null)
    try {
      await client.signIn(key)
      onDone()
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      setProblem(error.status === 0 ? 'The server cannot be reached.' : error.message)
      setBusy(false)
    }
  }
  return (
    <main className="grid min-h-dvh place-items-center p-5">
      <form
        onSubmit={(event) => void submit(event)}
        data-testid="sign-in"
        className="flex w-full max-w-sm flex-col gap-3"
      >
        <KeyRound aria-hidden className="size-8 text-ink-soft" />
        <h1 className="text-2xl font-semibold tracking-tight">Sign in</h1>
        <label>
          <span className="text-ink-soft">Your key, from whoever runs this</span>
          <input
            type="password"
            name="key"
            value={key}
            onChange={(event) => setKey(event.target.value)}
            maxLength={200}
            autoComplete="current-password"
            autoFocus
            aria-invalid={problem !== null}
            aria-describedby={problem === null ? undefined : 'sign-in-problem'}
            className="input"
          />
        </label>
        {problem !== null && (
          <p id="sign-in-problem" role="alert" className="text-danger">
            {problem}
          </p>
        )}
        <button
          type="submit"
          disabled={busy || key.trim() === ''}
          className="button-solid self-start disabled:opacity-50"
        >
          Sign in
        </button>
        <details className="text-sm text-ink-soft">
          <summary className="min-h-11 py-2.5">Is it yours?</summary>
          <p>
            <code>visavis keys operator</code>, in its folder, shows your own key, and{' '}
            <code>visavis keys create NAME</code> makes one for somebody else.
          </p>
        </details>
      </form>
    </main>
  )
}

/** Who has signed in, and how to sign out; nothing where nobody has. */
export function SignedIn() {
  const [session, setSession] = useState<SessionInfo | null>(null)
  useEffect(() => {
    client.session().then(setSession, () => undefined)
  }, [])
  if (!session?.signed_in) return null
  const leave = (everywhere: boolean) => {
    void client.signOut(everywhere).then(
      () => location.reload(),
      () => undefined,
    )
  }
  return (
    <section aria-label="Signed in" className="flex flex-wrap items-center gap-x-4 border-t border-line px-5 py-3">
      <p dir="auto" className="flex-1 text-ink-soft">
        Signed in as {session.name}
      </p>
      <button type="button" onClick={() => leave(false)} className="button-link">
        Sign out
      </button>
      <button type="button" onClick={() => leave(true)} className="button-link">
        On all devices
      </button>
    </section>
  )
}
