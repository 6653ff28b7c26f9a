import { useEffect } from 'react'
import type { Replay } from '../services/replay/replay'

const WRITING = 'input, textarea, select, [contenteditable="true"]'
const PRESSED = 'button, a, summary'

/** The keys of a replay by `KeyboardEvent.key`, with "Shift+" before those of it. */
function keysOf(replay: Replay, onCaptions: () => void, onHelp: () => void): Readonly<Record<string, () => void>> {
  const { player } = replay
  return {
    ' ': () => player.toggle(),
    ArrowLeft: () => replay.skip(-1),
    ArrowRight: () => replay.skip(1),
    'Shift+ArrowLeft': () => replay.stepTurn(-1),
    'Shift+ArrowRight': () => replay.stepTurn(1),
    Home: () => replay.seek(0),
    End: () => replay.seek(replay.view.length),
    Escape: () => void replay.select(null),
    ',': () => void replay.stepEvent(-1),
    '.': () => void replay.stepEvent(1),
    '<': () => player.changeSpeed(-1),
    '>': () => player.changeSpeed(1),
    s: () => player.toggleSkipping(),
    c: onCaptions,
    '?': onHelp,
  }
}

/** Keys that people with speech input may have to switch off (WCAG 2.1.4). */
const LETTERS: ReadonlySet<string> = new Set([',', '.', '<', '>', 's', 'c', '?'])

interface Options {
  readonly letters: boolean
  readonly onCaptions: () => void
  readonly onHelp: () => void
}

/** Keyboard shortcuts of a replay, except in fields and dialogs. Space presses a button that has the focus. */
export function useReplayKeys(replay: Replay, { letters, onCaptions, onHelp }: Options): void {
  useEffect(() => {
    const keys = keysOf(replay, onCaptions, onHelp)
    const onDown = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return
      const within = (selector: string) => event.target instanceof Element && event.target.closest(selector) !== null
      if (within('dialog') || within(WRITING) || (event.key === ' ' && within(PRESSED))) return
      const name = event.key.length === 1 ? event.key.toLowerCase() : event.key
      if (!letters && LETTERS.has(name)) return
      const act = keys[event.shiftKey && name.startsWith('Arrow') ? `Shift+${name}` : name]
      if (!act) return
      event.preventDefault()
      act()
    }
    window.addEventListener('keydown', onDown)
    return () => window.removeEventListener('keydown', onDown)
  }, [replay, letters, onCaptions, onHelp])
}
