import { createContext, useCallback, useContext, useSyncExternalStore } from 'react'
import { lastStarted } from '../services/replay/moments'
import type { Replay } from '../services/replay/replay'

export const ReplayContext = createContext<Replay | null>(null)

/** The past conversation that is being looked at. */
export function useReplay(): Replay {
  const replay = useContext(ReplayContext)
  if (!replay) throw new Error('expected to be rendered below ReplayContext')
  return replay
}

/**
 * A value that depends on where the clock is; rendered again only when it changes.
 *
 * @param pick Must give the same object for the same moment.
 */
export function useAt<T>(pick: (at: number) => T): T {
  const { position } = useReplay().player
  const get = useCallback(() => pick(position.get()), [pick, position])
  return useSyncExternalStore(position.subscribe, get)
}

/** The character that speaks at this moment, or that spoke last. */
export function useSpeaker() {
  const { view, characterClips } = useReplay()
  const id = useAt((at) => characterClips[Math.max(0, lastStarted(characterClips, at))]?.character ?? view.character)
  return { id, name: view.characters[id]?.name ?? 'The character', accent: view.characters[id]?.accent ?? '#4f46e5' }
}
