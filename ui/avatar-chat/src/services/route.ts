/** Which view the address names, by its fragment. */

import type { ConversationId } from '../generated/events'
import { Store } from './store'

export type Route =
  | { readonly view: 'chat' }
  | { readonly view: 'replay'; readonly conversation: ConversationId; readonly at: number | null }
  | { readonly view: 'analytics' }

const REPLAY = /^#replay=([A-Za-z0-9_-]{1,64})(?:&t=(\d{1,12}))?$/
const ANALYTICS = /^#analytics(?:[?&].*)?$/
const CHAT: Route = { view: 'chat' }

/** The view that a fragment names; the chat where it names no other. */
export function routeOf(hash: string): Route {
  const [, conversation, at] = REPLAY.exec(hash) ?? []
  if (conversation !== undefined) return { view: 'replay', conversation, at: at === undefined ? null : Number(at) }
  return ANALYTICS.test(hash) ? { view: 'analytics' } : CHAT
}

/** The fragment that opens a past conversation, at a moment in ms from its start where one is given. */
export function replayHash(conversation: ConversationId, at: number | null = null): string {
  return `#replay=${conversation}${at === null ? '' : `&t=${Math.max(0, Math.round(at))}`}`
}

/** Follows the address. */
export class Router {
  readonly state = new Store<Route>(routeOf(location.hash))

  /** Returns what ends it. */
  start(): () => void {
    const look = () => this.state.set(routeOf(location.hash))
    window.addEventListener('hashchange', look)
    look()
    return () => window.removeEventListener('hashchange', look)
  }
}
