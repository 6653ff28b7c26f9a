/** Asks the gateway for its status: most often while something is fetched or missing. */

import type { AvatarClient, ServerStatus } from './avatarClient'
import { Store } from './store'

const SOON = 3000
// Long enough to cost nothing, short enough that a download that begins is soon seen.
const LATER = 10_000

export class StatusPoll {
  /** The last status that the gateway gave; null before the first. */
  readonly state = new Store<ServerStatus | null>(null)
  private readonly client: Pick<AvatarClient, 'status'>
  private timer: ReturnType<typeof setTimeout> | undefined
  /** Counts requests and stops: an answer to an older request is dropped. */
  private asking = 0

  constructor(client: Pick<AvatarClient, 'status'>) {
    this.client = client
  }

  /** Ask until what it returns is called; a hidden page asks nothing. */
  start(): () => void {
    const onVisible = () => {
      if (!document.hidden) void this.ask()
    }
    document.addEventListener('visibilitychange', onVisible)
    void this.ask()
    return () => {
      document.removeEventListener('visibilitychange', onVisible)
      this.asking += 1
      clearTimeout(this.timer)
    }
  }

  /** Ask now. */
  async ask(): Promise<void> {
    clearTimeout(this.timer)
    const request = (this.asking += 1)
    // A server that is away has a notice of its own.
    const status = document.hidden ? null : await this.client.status().catch(() => null)
    if (request !== this.asking) return
    if (status !== null) this.state.set(status)
    this.timer = setTimeout(() => void this.ask(), status === null || unsettled(status) ? SOON : LATER)
  }
}

/** Whether a service is fetching something or is not there yet. */
function unsettled({ bus, services }: ServerStatus): boolean {
  return bus === 'down' || services.some(({ up, downloads }) => !up || downloads.length > 0)
}
