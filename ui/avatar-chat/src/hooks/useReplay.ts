import { createContext, useCallback, useContext, useSyncExternalStore } from 'react'
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
