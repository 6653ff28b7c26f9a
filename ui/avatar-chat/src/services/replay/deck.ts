/** Plays clips on two media elements: one has the clip under way, the other one loads the next. */

import { Store } from '../store'
import { lastStarted } from './moments'

/** The part of HTMLMediaElement that a deck uses. */
export interface MediaElement {
  src: string
  currentTime: number
  playbackRate: number
  preload: string
  readonly paused: boolean
  readonly seeking: boolean
  readonly readyState: number
  /** Seconds; NaN before it is known. */
  readonly duration: number
  play(): Promise<void>
  pause(): void
  load(): void
  removeAttribute(name: string): void
  onerror: OnErrorEventHandler
}

/** What the clock says. */
export interface Moment {
  readonly position: number
  readonly playing: boolean
  readonly speed: number
}

/** What a deck plays: a sound or pictures, ms from the start of the conversation. */
export interface Timed {
  readonly start: number
  readonly length: number
}

interface Slot<C extends Timed> {
  readonly element: MediaElement
  clip: C | null
}

/** Seconds that an element may be off before it is set; below, it is played faster or slower. */
const FAR = 0.3
const NEAR = 0.03
/** Largest change of the rate; more would be heard. */
const MOST = 0.08
/** Real ms before its start at which a clip is loaded. */
const AHEAD = 15_000
const HAS_METADATA = 1

/** How an element catches up: set it, or play it at this rate. `drift`: seconds that it is ahead. */
export function correction(drift: number, speed: number): 'set' | number {
  if (Math.abs(drift) > FAR * Math.max(1, speed)) return 'set'
  if (Math.abs(drift) <= NEAR) return speed
  return speed * (1 - Math.min(MOST, Math.max(-MOST, drift / 2)))
}

export interface DeckOptions<C extends Timed> {
  /** Of one kind, by start: at most one is under way. */
  readonly clips: readonly C[]
  readonly url: (clip: C) => string
  /** A clip cannot be loaded: it is left out. */
  readonly onFailed: (clip: C) => void
  /** The browser wants a click first. */
  readonly onBlocked: () => void
}

export class Deck<C extends Timed> {
  /** The element with the clip under way; null: there is none. */
  readonly current = new Store<MediaElement | null>(null)
  private readonly slots: readonly Slot<C>[]
  private readonly options: DeckOptions<C>
  private readonly failed = new Set<C>()

  constructor(elements: readonly [MediaElement, MediaElement], options: DeckOptions<C>) {
    this.options = options
    this.slots = elements.map((element) => ({ element, clip: null }))
    for (const slot of this.slots) {
      slot.element.preload = 'auto'
      slot.element.onerror = () => this.fail(slot)
    }
  }

  /** Let the elements follow the clock. */
  sync(moment: Moment): void {
    const [now, next] = this.wanted(moment)
    for (const slot of this.slots) if (slot.clip !== now && slot.clip !== next) this.release(slot)
    if (now) this.follow(this.slotFor(now), now, moment)
    if (next) {
      const { element } = this.slotFor(next)
      if (!element.paused) element.pause()
    }
    this.current.set(this.slots.find(({ clip }) => clip !== null && clip === now)?.element ?? null)
  }

  close(): void {
    for (const slot of this.slots) {
      slot.element.onerror = null
      this.release(slot)
    }
    this.current.set(null)
  }

  /** The clip under way and the next one, where it is near. */
  private wanted({ position, speed }: Moment): readonly [C | null, C | null] {
    const { clips } = this.options
    const place = lastStarted(clips, position)
    const last = clips[place]
    const now = last && position < last.start + last.length && !this.failed.has(last) ? last : null
    const next = clips[place + 1]
    const near = next && next.start - position < AHEAD * speed && !this.failed.has(next)
    return [now, near ? next : null]
  }

  private slotFor(clip: C): Slot<C> {
    const slot = this.slots.find((one) => one.clip === clip) ?? this.slots.find((one) => one.clip === null)
    if (!slot) throw new Error('expected an element without a clip')
    if (slot.clip !== clip) {
      slot.clip = clip
      slot.element.src = this.options.url(clip)
      slot.element.load()
    }
    return slot
  }

  private follow({ element }: Slot<C>, clip: C, { position, playing, speed }: Moment): void {
    const target = (position - clip.start) / 1000
    const isOver = target >= element.duration // false while that is not known
    if (!playing || isOver) {
      if (!element.paused) element.pause()
      if (!isOver && Math.abs(element.currentTime - target) > NEAR) this.set(element, target)
      return
    }
    const correct = correction(element.currentTime - target, speed)
    const rate = correct === 'set' ? speed : correct
    if (correct === 'set') this.set(element, target)
    if (element.playbackRate !== rate) element.playbackRate = rate
    if (element.paused) void element.play().catch((error: unknown) => this.refused(error))
  }

  private set(element: MediaElement, target: number): void {
    if (element.readyState >= HAS_METADATA && !element.seeking) element.currentTime = target
  }

  /** Other refusals come with an error of the element, or mean that it was paused meanwhile. */
  private refused(error: unknown): void {
    if (error instanceof DOMException && error.name === 'NotAllowedError') this.options.onBlocked()
  }

  private fail(slot: Slot<C>): void {
    const { clip } = slot
    if (!clip) return
    this.failed.add(clip)
    this.release(slot)
    this.options.onFailed(clip)
  }

  private release(slot: Slot<C>): void {
    if (slot.clip === null) return
    slot.clip = null
    slot.element.pause()
    slot.element.removeAttribute('src')
    slot.element.load()
  }
}
