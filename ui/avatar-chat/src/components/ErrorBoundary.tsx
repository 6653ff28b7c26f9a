import { Component, type ReactNode } from 'react'

interface Props {
  readonly children: ReactNode
}

/** Shown if the page itself fails. The conversation is on the server, so a reload is enough. */
export class ErrorBoundary extends Component<Props, { readonly broken: boolean }> {
  override readonly state = { broken: false }

  static getDerivedStateFromError() {
    return { broken: true }
  }

  override render(): ReactNode {
    if (!this.state.broken) return this.props.children
    return (
      <main className="grid h-dvh place-content-center gap-4 p-8 text-center">
        <h1 className="text-xl font-semibold">Something broke on this page</h1>
        <p className="text-ink-soft">Your conversation is safe. Reload to go on.</p>
        <button type="button" onClick={() => location.reload()} className="button-solid justify-self-center">
          Reload
        </button>
      </main>
    )
  }
}
