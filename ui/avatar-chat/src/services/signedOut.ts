/** Whether the gateway wants a key before it answers: it has refused a request for the lack of one. */

import { Store } from './store'

export const signedOut = new Store(false)

/** Who has signed in. */
export interface SessionInfo {
  readonly access: 'local' | 'keys' | 'open'
  readonly signed_in: boolean
  readonly is_needed: boolean
  readonly name: string
  readonly scopes: readonly ('talk' | 'operator')[]
}
