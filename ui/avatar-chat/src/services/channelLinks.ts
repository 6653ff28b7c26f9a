/** The channels that are set up, and the person's links with them: kept current while somebody looks. */

import type { ConversationId, Id } from '../generated/events'
import type { ChannelsView, LinkOffer } from '../generated/link_view'
import { ApiError, type AvatarClient, type LinkChange } from './avatarClient'
import { Store } from './store'

export interface ChannelLinksState {
  /** Null before the first answer. */
  readonly view: ChannelsView | null
  /** The newest offer of this tab, with its token, for as long as nobody has come with it. */
  readonly offer: LinkOffer | null
  /** Why the last act did not work, in words for the person. */
  readonly problem: string | null
  /** Whether an act is on its way. */
  readonly busy: boolean
}

const SOON = 2000

type Client = Pick<
  AvatarClient,
  'channels' | 'offerLink' | 'confirmLink' | 'refuseLink' | 'endLink' | 'changeLink' | 'pair'
>

/** Whether something is to happen that the page is not told of: somebody comes with a token. */
function isPending({ links }: ChannelsView): boolean {
  return links.some(({ state }) => state !== 'linked')
}

export class ChannelLinks {
  readonly state = new Store<ChannelLinksState>({ view: null, offer: null, problem: null, busy: false })
  private readonly client: Client
  private timer: ReturnType<typeof setTimeout> | undefined
  /** Counts requests and stops: an answer to an older request is dropped. */
  private asking = 0
  private watched = false
  /** The newest act; the next one waits for it, so that two quick clicks are no conflict. */
  private last: Promise<unknown> = Promise.resolve()

  constructor(client: Client) {
    this.client = client
  }

  /** Ask until what it returns is called: again and again while something is pending; a hidden page asks nothing. */
  watch(): () => void {
    const onVisible = () => {
      if (!document.hidden) void this.ask()
    }
    this.watched = true
    this.state.update((state) => ({ ...state, problem: null }))
    document.addEventListener('visibilitychange', onVisible)
    void this.ask()
    return () => {
      this.watched = false
      document.removeEventListener('visibilitychange', onVisible)
      this.asking += 1
      clearTimeout(this.timer)
    }
  }

  /** Ask once. */
  async look(): Promise<void> {
    const view = await this.client.channels().catch(() => null)
    if (view !== null && !this.watched) this.state.update((state) => ({ ...state, view }))
  }

  /** Offer a link with a channel; its token is in the state then. */
  async offer(channel: string, conversation: ConversationId | null): Promise<boolean> {
    return this.act(async () => {
      const offer = await this.client.offerLink(channel, conversation)
      this.state.update((state) => ({ ...state, offer }))
    })
  }

  confirm(link: Id): Promise<boolean> {
    return this.act(() => this.client.confirmLink(link))
  }

  refuse(link: Id): Promise<boolean> {
    return this.act(() => this.client.refuseLink(link))
  }

  /** End a link, or the offer of one. */
  end(link: Id): Promise<boolean> {
    return this.act(() => this.client.endLink(link))
  }

  change(link: Id, change: LinkChange): Promise<boolean> {
    return this.act(() => this.client.changeLink(link, change))
  }

  /** Link the account that was told this code. */
  pair(code: string, conversation: ConversationId | null): Promise<boolean> {
    return this.act(() => this.client.pair(code, conversation))
  }

  /** Do something, show what became of it, and ask for how it is now. Returns whether it worked. */
  private act(request: () => Promise<unknown>): Promise<boolean> {
    const act = this.last.then(() => this.actNow(request))
    this.last = act.catch(() => undefined)
    return act
  }

  private async actNow(request: () => Promise<unknown>): Promise<boolean> {
    this.state.update((state) => ({ ...state, problem: null, busy: true }))
    let problem: string | null = null
    try {
      await request()
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      problem = error.status === 0 ? 'The server cannot be reached. Try again in a moment.' : error.message
    } finally {
      this.state.update((state) => ({ ...state, problem, busy: false }))
    }
    await this.ask()
    return problem === null
  }

  private async ask(): Promise<void> {
    clearTimeout(this.timer)
    const request = (this.asking += 1)
    // A server that is away has a notice of its own.
    const view = document.hidden ? null : await this.client.channels().catch(() => null)
    if (request !== this.asking || !this.watched) return
    if (view !== null) this.state.update((state) => ({ ...state, view, offer: stillOffered(state.offer, view) }))
    const current = this.state.get().view
    if (current === null || isPending(current)) this.timer = setTimeout(() => void this.ask(), SOON)
  }
}

/** The offer, unless it was claimed, refused or has expired. */
function stillOffered(offer: LinkOffer | null, { links }: ChannelsView): LinkOffer | null {
  return links.some(({ id, state }) => id === offer?.id && state === 'offered') ? offer : null
}
