import { useSyncExternalStore } from 'react'
import { Store } from '../services/store'

/** The value of a store, kept current. */
export function useStore<T>(store: Store<T>): T {
  return useSyncExternalStore(store.subscribe, store.get)
}

const NOTHING = new Store(null)

/** The value of a store that may not be there (yet): null then. */
export function useMaybeStore<T>(store: Store<T> | null): T | null {
  const from: Store<T | null> | Store<T> = store ?? NOTHING
  return useSyncExternalStore<T | null>(from.subscribe, from.get)
}
