/** Notices for the person: problems stay until they are over, news disappear after some seconds. */

import { Store } from './store'

export interface Notice {
  /** One notice of an id at a time; a later one replaces it. */
  readonly id: string
  readonly tone: 'problem' | 'news'
  readonly title: string
  readonly detail: string
  readonly action?: { readonly label: string; readonly run: () => void }
}

const NEWS_LASTS = 6000

export class Notices {
  readonly state = new Store<readonly Notice[]>([])
  private readonly timers = new Map<string, ReturnType<typeof setTimeout>>()

  show(notice: Notice): void {
    this.clearTimer(notice.id)
    this.state.update((notices) => [...notices.filter(({ id }) => id !== notice.id), notice])
    if (notice.tone === 'news') this.timers.set(notice.id, setTimeout(() => this.remove(notice.id), NEWS_LASTS))
  }

  remove(id: string): void {
    this.clearTimer(id)
    if (this.has(id)) this.state.update((notices) => notices.filter((notice) => notice.id !== id))
  }

  has(id: string): boolean {
    return this.state.get().some((notice) => notice.id === id)
  }

  close(): void {
    for (const timer of this.timers.values()) clearTimeout(timer)
    this.timers.clear()
  }

  private clearTimer(id: string): void {
    clearTimeout(this.timers.get(id))
    this.timers.delete(id)
  }
}
