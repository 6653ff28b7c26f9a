/** Plays a past conversation: one clock, and decks of media that follow it. Media never hold the clock up. */

import type { ReplayClip, ReplayView } from '../../generated/replay'
import { Store } from '../store'
import { clockOf, nextSpeed, paced, positionAt, setTo, started, stopped, type Clock, type Speed } from './clock'
import { Deck, type MediaElement, type Timed } from './deck'
import { afterSilence, silences, type Span } from './moments'

export interface PlayerState {
  readonly playing: boolean
  readonly speed: Speed
  readonly skipping: boolean
  /** Sounds of the conversation that could not be loaded, and pictures. */
  readonly lostSounds: number
  readonly lostPictures: number
  /** The browser plays no sound before a click. */
  readonly blocked: boolean
}

/** What a player needs of the browser. */
export interface PlayerBrowser {
  readonly now: () => number
  /** Call back again and again, until the function returned is called. */
  readonly every: (tick: () => void) => () => void
  readonly audio: () => MediaElement
}

/** With each picture, and now and then in a hidden tab, where there are none. */
function ticks(tick: () => void): () => void {
  let frame = 0
  const onFrame = () => {
    tick()
    frame = requestAnimationFrame(onFrame)
  }
  frame = requestAnimationFrame(onFrame)
  const timer = setInterval(tick, 250)
  return () => {
    cancelAnimationFrame(frame)
    clearInterval(timer)
  }
}

const BROWSER: PlayerBrowser = { now: () => performance.now(), every: ticks, audio: () => new Audio() }

/** Addresses of a clip's media. */
export interface Addresses {
  readonly sound: (clip: ReplayClip) => string
  readonly video: (clip: ReplayClip) => string
  /** Of a piece of the face between speeches, by its number. */
  readonly face: (piece: number) => string
}

/** A piece of the face between speeches. */
interface Piece extends Timed {
  readonly number: number
}

/** ms of each piece (docs/api.md). */
const PIECE = 20_000
/** The first one begins with the key frame before the conversation: one is in every 400 ms since 1970. */
const KEY_FRAMES = 400

function pieces({ start, length }: ReplayView): readonly Piece[] {
  const first = -((start / 1000) % KEY_FRAMES)
  const count = Math.ceil((length - first) / PIECE)
  return Array.from({ length: count }, (_, number) => ({ number, start: first + number * PIECE, length: PIECE }))
}

export class Player {
  readonly state = new Store<PlayerState>({
    playing: false,
    speed: 1,
    skipping: false,
    lostSounds: 0,
    lostPictures: 0,
    blocked: false,
  })
  /** ms from the start of the conversation. */
  readonly position: Store<number>
  /** The picture under way. */
  readonly picture = new Store<MediaElement | null>(null)
  /** The face between speeches. */
  readonly face = new Store<MediaElement | null>(null)
  private readonly browser: PlayerBrowser
  private readonly addresses: Addresses
  private readonly clips: readonly ReplayClip[]
  private readonly silent: readonly Span[]
  private readonly pieces: readonly Piece[]
  private readonly sounds: readonly Deck<ReplayClip>[]
  private readonly shown = new Set<Deck<ReplayClip> | Deck<Piece>>()
  private clock: Clock
  private stop: () => void = () => undefined

  constructor(view: ReplayView, addresses: Addresses, at = 0, browser: PlayerBrowser = BROWSER) {
    this.browser = browser
    this.addresses = addresses
    this.clips = view.clips
    this.clock = clockOf(view.length, at)
    this.position = new Store(this.clock.position)
    this.pieces = pieces(view)
    this.silent = silences(view.clips, view.length)
    this.sounds = (['person', 'character'] as const).map(
      (kind) =>
        new Deck([browser.audio(), browser.audio()], {
          clips: view.clips.filter((clip) => clip.kind === kind && clip.sound),
          url: addresses.sound,
          onFailed: () => this.change({ lostSounds: this.state.get().lostSounds + 1 }),
          onBlocked: () => this.onBlocked(),
        }),
    )
  }

  /** The elements to show the speaking face on; returns what takes them away again. */
  show(elements: readonly [MediaElement, MediaElement]): () => void {
    const deck = new Deck(elements, {
      clips: this.clips.filter((clip) => clip.pictures),
      url: this.addresses.video,
      onFailed: () => this.change({ lostPictures: this.state.get().lostPictures + 1 }),
      onBlocked: () => undefined, // they have no sound
    })
    return this.follow(deck, this.picture)
  }

  /** The same for the face between speeches; where there is none, nothing is shown on them. */
  showFace(elements: readonly [MediaElement, MediaElement]): () => void {
    const deck = new Deck(elements, {
      clips: this.pieces,
      url: ({ number }) => this.addresses.face(number),
      onFailed: () => undefined,
      onBlocked: () => undefined,
    })
    return this.follow(deck, this.face)
  }

  private follow(deck: Deck<ReplayClip> | Deck<Piece>, current: Store<MediaElement | null>): () => void {
    this.shown.add(deck)
    const unsubscribe = deck.current.subscribe(() => current.set(deck.current.get()))
    this.tick()
    return () => {
      deck.close()
      unsubscribe()
      this.shown.delete(deck)
    }
  }

  /** Must be called from a click or a key, or the browser plays no sound. */
  play(): void {
    if (this.state.get().playing) return
    this.clock = started(this.clock, this.browser.now())
    this.change({ playing: true, blocked: false })
    this.stop = this.browser.every(() => this.tick())
    this.tick()
  }

  pause(): void {
    if (!this.state.get().playing) return
    this.stop()
    this.clock = stopped(this.clock, this.browser.now())
    this.change({ playing: false })
    this.tick()
  }

  toggle(): void {
    if (this.state.get().playing) this.pause()
    else this.play()
  }

  seek(position: number): void {
    this.clock = setTo(this.clock, position, this.browser.now())
    this.tick()
  }

  setSpeed(speed: Speed): void {
    this.clock = paced(this.clock, speed, this.browser.now())
    this.change({ speed })
    this.tick()
  }

  changeSpeed(step: 1 | -1): void {
    this.setSpeed(nextSpeed(this.clock.speed, step))
  }

  toggleSkipping(): void {
    this.change({ skipping: !this.state.get().skipping })
    this.tick()
  }

  close(): void {
    this.stop()
    for (const deck of this.sounds) deck.close()
    for (const deck of this.shown) deck.close()
  }

  private tick(): void {
    const { playing, skipping, speed } = this.state.get()
    const now = this.browser.now()
    let position = positionAt(this.clock, now)
    if (playing && skipping) {
      const after = afterSilence(this.silent, position)
      if (after !== position) this.clock = setTo(this.clock, (position = after), now)
    }
    this.position.set(position)
    for (const deck of this.sounds) deck.sync({ position, playing, speed })
    for (const deck of this.shown) deck.sync({ position, playing, speed })
    if (playing && position >= this.clock.length) this.pause()
  }

  private onBlocked(): void {
    this.pause()
    this.change({ blocked: true })
  }

  private change(change: Partial<PlayerState>): void {
    this.state.update((state) => ({ ...state, ...change }))
  }
}
