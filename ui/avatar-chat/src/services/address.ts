/** The conversation in the page's address. */

import type { ConversationId } from '../generated/events'

const HASH = /^#c=([A-Za-z0-9_-]{1,64})$/
const ID = /^[A-Za-z0-9_-]{1,64}$/
/** Of the address by which other programs open a conversation: `/?conversation=<id>`. */
const PARAMETER = 'conversation'

/** The conversation after the #, if there is one. */
export function inHash({ hash }: Pick<Location, 'hash'>): ConversationId | undefined {
  return HASH.exec(hash)?.[1]
}

/** The conversation that the address names. */
export function askedFor({ hash, search }: Location): ConversationId | undefined {
  const given = new URLSearchParams(search).get(PARAMETER) ?? ''
  return inHash({ hash }) ?? ID.exec(given)?.[0]
}

/** Let the address name this conversation, and no other. */
export function nameInAddress(id: ConversationId | null): void {
  const search = new URLSearchParams(location.search)
  const named = search.has(PARAMETER)
  search.delete(PARAMETER)
  const hash = id === null ? '' : `#c=${id}`
  if (!named && location.hash === hash) return
  const rest = named ? search.toString() : location.search.slice(1)
  history.replaceState(null, '', location.pathname + (rest && `?${rest}`) + hash)
}
