/** An observable value, as `useSyncExternalStore` needs it. */
export class Store<T> {
  private readonly listeners = new Set<() => void>()
  private current: T

  constructor(initial: T) {
    this.current = initial
  }

  readonly get = (): T => this.current

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }

  set(next: T): void {
    if (Object.is(next, this.current)) return
    this.current = next
    for (const listener of [...this.listeners]) listener()
  }

  update(change: (current: T) => T): void {
    this.set(change(this.current))
  }
}
