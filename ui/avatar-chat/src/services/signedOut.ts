/** Whether the gateway wants a key before it answers: it has refused a request for the lack of one. */

import { Store } from './store'

export const signedOut = new Store(false)
