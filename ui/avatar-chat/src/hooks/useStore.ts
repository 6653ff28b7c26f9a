import { useSyncExternalStore } from 'react'
import { Store } from '../services/store'

/** The current value of a store. */
export function useStore<T>(store: Store<T>): T {
  return useSyncExternalStore(store.subscribe, store.get)
}

const NOTHING = new Store(null)

/** The current value of a store, or null without a store. */
export function useMaybeStore<T>(store: Store<T> | null): T | null {
  const from: Store<T | null> | Store<T> = store ?? NOTHING
  return useSyncExternalStore<T | null>(from.subscribe, from.get)
}
