import { useEffect } from 'react'

export interface Shortcuts {
  /** By `KeyboardEvent.key`, lower case. */
  readonly keys: Readonly<Record<string, () => void>>
  /** Space was pressed or released. */
  readonly onHold: (held: boolean) => void
  /** Whether keys of one letter count; Escape always does. */
  readonly letters: boolean
}

const WRITING = 'input, textarea, select, [contenteditable="true"]'

function within(event: KeyboardEvent, selector: string): boolean {
  return event.target instanceof Element && event.target.closest(selector) !== null
}

/** Keyboard shortcuts of the whole page, except in text fields and dialogs. */
export function useShortcuts({ keys, onHold, letters }: Shortcuts): void {
  useEffect(() => {
    const onDown = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || within(event, 'dialog')) return
      if (event.key !== 'Escape' && (!letters || within(event, WRITING))) return
      if (event.key === ' ') {
        if (within(event, 'button, a, summary')) return
        event.preventDefault()
        onHold(true)
        return
      }
      const act = keys[event.key.toLowerCase()]
      if (!act) return
      event.preventDefault()
      act()
    }
    const onUp = (event: KeyboardEvent) => {
      if (event.key === ' ') onHold(false)
    }
    const onBlur = () => onHold(false)
    window.addEventListener('keydown', onDown)
    window.addEventListener('keyup', onUp)
    window.addEventListener('blur', onBlur)
    return () => {
      window.removeEventListener('keydown', onDown)
      window.removeEventListener('keyup', onUp)
      window.removeEventListener('blur', onBlur)
    }
  }, [keys, onHold, letters])
}
