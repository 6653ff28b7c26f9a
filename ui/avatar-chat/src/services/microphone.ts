/** The person's microphone: opened once, muted without closing it, and closed here only. */

import { Store } from './store'

export type MicrophoneProblem = 'denied' | 'none' | 'busy' | 'insecure' | 'lost'

export interface MicrophoneState {
  readonly phase: 'off' | 'asking' | 'on' | 'refused'
  readonly problem: MicrophoneProblem | null
  readonly muted: boolean
  /** The key to talk is held: the person is heard though muted. */
  readonly held: boolean
  readonly track: MediaStreamTrack | null
}

/** Each problem in words, and what the person can do about it. */
export const PROBLEMS: Readonly<Record<MicrophoneProblem, { readonly title: string; readonly fix: string }>> = {
  denied: {
    title: 'The microphone is blocked',
    fix: 'Allow it with the icon beside the address of this page, then try again. Until then you can type.',
  },
  none: {
    title: 'No microphone found',
    fix: 'Plug one in or switch it on in the system settings, then try again. Until then you can type.',
  },
  busy: {
    title: 'The microphone is in use',
    fix: 'Close the other program or tab that holds it, then try again. Until then you can type.',
  },
  insecure: {
    title: 'This address cannot use the microphone',
    fix: 'Browsers share it with secure pages only: open this page with https, or at localhost. You can type here.',
  },
  lost: {
    title: 'The microphone went away',
    fix: 'It was unplugged or taken by the system. Plug it in and try again. Until then you can type.',
  },
}

export function problemOf(error: unknown): MicrophoneProblem {
  switch (error instanceof Error ? error.name : '') {
    case 'NotFoundError':
    case 'OverconstrainedError':
      return 'none'
    case 'NotReadableError':
    case 'AbortError':
      return 'busy'
    default:
      return 'denied'
  }
}

/** Whether the person can be heard where there is a track. */
export function isOpen({ muted, held }: Pick<MicrophoneState, 'muted' | 'held'>): boolean {
  return !muted || held
}

const OFF: MicrophoneState = { phase: 'off', problem: null, muted: false, held: false, track: null }

/** The part of `navigator.mediaDevices` that is used; undefined on pages without https. */
export type Devices = Pick<MediaDevices, 'getUserMedia'> | undefined

export class Microphone {
  readonly state = new Store<MicrophoneState>(OFF)
  private readonly devices: () => Devices

  constructor(devices: () => Devices = () => (window.isSecureContext ? navigator.mediaDevices : undefined)) {
    this.devices = devices
  }

  /** Open it, unless it is open. Returns its track, or null if it cannot be opened: `state.problem` says why. */
  async open(): Promise<MediaStreamTrack | null> {
    const { track } = this.state.get()
    if (track) return track
    const devices = this.devices()
    if (!devices) return this.refuse('insecure')
    this.state.update((state) => ({ ...state, phase: 'asking', problem: null }))
    try {
      // No automatic gain: it makes a near voice clip, and speech recognition copes with a quiet one.
      const audio = { echoCancellation: true, noiseSuppression: true, autoGainControl: false, channelCount: 1 }
      const stream = await devices.getUserMedia({ audio })
      return this.take(stream.getAudioTracks()[0] ?? null)
    } catch (error) {
      return this.refuse(problemOf(error))
    }
  }

  setMuted(muted: boolean): void {
    this.state.update((state) => ({ ...state, muted }))
    this.apply()
  }

  /** Push to talk: heard while held, even when muted. */
  hold(held: boolean): void {
    this.state.update((state) => (state.held === held ? state : { ...state, held }))
    this.apply()
  }

  close(): void {
    const { track } = this.state.get()
    if (track) track.onended = null
    track?.stop()
    this.state.set(OFF)
  }

  private take(track: MediaStreamTrack | null): MediaStreamTrack | null {
    if (!track) return this.refuse('none')
    if (this.state.get().phase !== 'asking') {
      // Closed while the browser was asking.
      track.stop()
      return null
    }
    track.onended = () => this.refuse('lost')
    this.state.update((state) => ({ ...state, phase: 'on', track }))
    this.apply()
    return track
  }

  private refuse(problem: MicrophoneProblem): null {
    this.state.update((state) => ({ ...state, phase: 'refused', problem, track: null }))
    return null
  }

  private apply(): void {
    const state = this.state.get()
    // A disabled track sends silence: no renegotiation, and the RTP clock goes on.
    if (state.track) state.track.enabled = isOpen(state)
  }
}
