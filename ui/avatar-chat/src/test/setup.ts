/** The parts of a browser that the page uses and jsdom lacks. */

import { cleanup } from '@testing-library/react'
import { afterEach, beforeEach, vi } from 'vitest'

class Stream {
  private readonly tracks: readonly MediaStreamTrack[]
  constructor(tracks: readonly MediaStreamTrack[] = []) {
    this.tracks = tracks
  }
  getTracks() {
    return this.tracks
  }
}

/** Hears a tone of half the loudest amplitude. */
class Audio {
  createAnalyser() {
    return { fftSize: 0, getFloatTimeDomainData: (samples: Float32Array) => samples.fill(0.5) }
  }
  createMediaStreamSource() {
    return { connect: () => undefined }
  }
  close() {
    return Promise.resolve()
  }
}

/** Never calls back: in jsdom nothing has a size. */
class NoResize {
  observe(): void {
    return undefined
  }
  disconnect(): void {
    return undefined
  }
}

beforeEach(() => {
  vi.stubGlobal('AudioContext', Audio)
  vi.stubGlobal('ResizeObserver', NoResize)
  vi.stubGlobal('MediaStream', Stream)
  HTMLDialogElement.prototype.showModal = function () {
    this.open = true
  }
  HTMLDialogElement.prototype.close = function () {
    this.open = false
    this.dispatchEvent(new Event('close'))
  }
  HTMLMediaElement.prototype.play = () => Promise.resolve()
  Element.prototype.scrollTo = () => undefined
  localStorage.clear()
  history.replaceState(null, '', '/')
})

afterEach(() => {
  cleanup()
  vi.useRealTimers()
  vi.unstubAllGlobals()
})
