import { describe, expect, it } from 'vitest'
import { Store } from './store'

describe('a store', () => {
  it('tells its listeners of changes only, until they leave', () => {
    const store = new Store(1)
    const seen: number[] = []
    const leave = store.subscribe(() => seen.push(store.get()))
    store.set(1)
    store.set(2)
    store.update((value) => value + 1)
    leave()
    store.set(4)
    expect(seen).toEqual([2, 3])
  })
})
