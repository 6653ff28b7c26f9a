import { useEffect } from 'react'

export interface Shortcuts {
  /** By `KeyboardEvent.key`, lower case. */
  readonly keys: Readonly<Record<string, () => void>>
  /** Space was pressed or released. */
  readonly onHold: (held: boolean) => void
  /** Whether Space is the key to talk now; then it presses no button, for which there is Enter. */
  readonly canHold: () => boolean
  /** Whether keys of one letter count; Escape always does. */
  readonly letters: boolean
}

const WRITING = 'input, textarea, select, [contenteditable="true"]'
const PRESSED = 'button, a, summary'
const MODIFIERS: ReadonlySet<string> = new Set(['Control', 'Meta', 'Alt', 'AltGraph', 'OS'])

function within(target: EventTarget | null, selector: string): boolean {
  return target instanceof Element && target.closest(selector) !== null
}

/** Keyboard shortcuts of the whole page, except in text fields and dialogs. */
export function useShortcuts({ keys, onHold, canHold, letters }: Shortcuts): void {
  useEffect(() => {
    let held = false
    const release = () => {
      if (held) onHold(false)
      held = false
    }
    const onSpace = (event: KeyboardEvent) => {
      if (held) event.preventDefault() // the key repeats
      if (held || event.repeat || (within(event.target, PRESSED) && !canHold())) return
      event.preventDefault()
      held = true
      onHold(true)
    }
    const onDown = (event: KeyboardEvent) => {
      // With these held, browsers and systems keep the release of other keys to themselves.
      if (MODIFIERS.has(event.key)) release()
      if (event.ctrlKey || event.metaKey || event.altKey || within(event.target, 'dialog')) return
      const space = event.key === ' '
      if (event.repeat && !space) return
      if (event.key !== 'Escape' && (!letters || within(event.target, WRITING))) return
      if (space) {
        onSpace(event)
        return
      }
      const act = keys[event.key.toLowerCase()]
      if (!act) return
      event.preventDefault()
      act()
    }
    const onUp = (event: KeyboardEvent) => {
      if (event.key !== ' ' || !held) return
      event.preventDefault() // a focused button would take it for a click
      release()
    }
    const onFocus = (event: FocusEvent) => {
      if (within(event.target, `dialog, ${WRITING}`)) release()
    }
    const onHidden = () => {
      if (document.visibilityState === 'hidden') release()
    }
    window.addEventListener('keydown', onDown)
    window.addEventListener('keyup', onUp)
    window.addEventListener('blur', release)
    window.addEventListener('pagehide', release)
    document.addEventListener('focusin', onFocus)
    document.addEventListener('visibilitychange', onHidden)
    return () => {
      release()
      window.removeEventListener('keydown', onDown)
      window.removeEventListener('keyup', onUp)
      window.removeEventListener('blur', release)
      window.removeEventListener('pagehide', release)
      document.removeEventListener('focusin', onFocus)
      document.removeEventListener('visibilitychange', onHidden)
    }
  }, [keys, onHold, canHold, letters])
}
