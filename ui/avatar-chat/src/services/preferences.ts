/** The person's preferences, kept in this browser. */

import { Store } from './store'

export interface Preferences {
  readonly captions: boolean
  readonly readout: boolean
  /** Keys of one letter; some people need them off (WCAG 2.1.4). */
  readonly shortcuts: boolean
}

const KEY = 'visavis.preferences'
const DEFAULTS: Preferences = { captions: true, readout: false, shortcuts: true }

function read(): Preferences {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(KEY) ?? '{}')
    return { ...DEFAULTS, ...(typeof kept === 'object' ? kept : {}) }
  } catch {
    // Storage may be denied or its content damaged; the page works without.
    return DEFAULTS
  }
}

export class PreferenceStore {
  readonly state = new Store<Preferences>(read())

  toggle(name: keyof Preferences): void {
    this.state.update((preferences) => ({ ...preferences, [name]: !preferences[name] }))
    try {
      localStorage.setItem(KEY, JSON.stringify(this.state.get()))
    } catch {
      // Kept until the page is closed.
    }
  }
}
