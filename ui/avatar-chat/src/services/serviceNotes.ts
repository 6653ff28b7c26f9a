/** What the services say of their state, such as a model that one is fetching: asked most often while there is a note. */

import type { AvatarClient } from './avatarClient'
import { Store } from './store'

const WITH_NOTES = 3000
// A page that is opened before the services are ready should soon see what they fetch.
const WITHOUT_NOTES = 10_000

export class ServiceNotes {
  /** Each note once, such as "fetching kokoro, 40 %". */
  readonly state = new Store<readonly string[]>([])
  private readonly client: Pick<AvatarClient, 'serviceNotes'>
  private timer: ReturnType<typeof setTimeout> | undefined
  private stopped = false

  constructor(client: Pick<AvatarClient, 'serviceNotes'>) {
    this.client = client
  }

  /** Ask until what it returns is called. */
  start(): () => void {
    this.stopped = false
    void this.ask()
    return () => {
      this.stopped = true
      clearTimeout(this.timer)
    }
  }

  private async ask(): Promise<void> {
    // A hidden page asks nothing; a server that is away has a notice of its own.
    const notes = document.hidden ? [] : await this.client.serviceNotes().catch((): readonly string[] => [])
    if (this.stopped) return
    if (notes.join() !== this.state.get().join()) this.state.update(() => notes)
    this.timer = setTimeout(() => void this.ask(), notes.length > 0 ? WITH_NOTES : WITHOUT_NOTES)
  }
}
