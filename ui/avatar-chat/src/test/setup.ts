/** What jsdom does not have of a browser, as little of it as the page touches. */

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

/** Nothing has a size in jsdom, and nothing changes it. */
class NoResize {
  observe(): void {
    // There is nothing to tell.
  }
  disconnect(): void {
    // Nothing was observed.
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
