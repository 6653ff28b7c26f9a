/** Drawn frames from one measurement to the next, and the smallest change worth drawing. */
const EVERY = 3
const STEP = 0.03

/** How loud a track is, for a meter. Owns its AudioContext. */
export class LevelMeter {
  private readonly context: AudioContext
  private frame = 0

  /** @param onLevel Called with 0 (silence) to 1 (loud), up to some twenty times a second and only when it changes. */
  constructor(track: MediaStreamTrack, onLevel: (level: number) => void) {
    this.context = new AudioContext()
    const analyser = this.context.createAnalyser()
    analyser.fftSize = 512
    this.context.createMediaStreamSource(new MediaStream([track])).connect(analyser)
    const samples = new Float32Array(analyser.fftSize)
    let level = 0
    let shown = -1
    let frames = 0
    const measure = () => {
      this.frame = requestAnimationFrame(measure)
      if ((frames += 1) % EVERY !== 0) return
      analyser.getFloatTimeDomainData(samples)
      const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length
      // Falls slower than it rises, as meters do.
      level = Math.max(loudness(power), level * 0.7)
      if (Math.abs(level - shown) < STEP) return
      shown = level
      onLevel(level)
    }
    this.frame = requestAnimationFrame(measure)
  }

  close(): void {
    cancelAnimationFrame(this.frame)
    void this.context.close()
  }
}

/** Mean square to 0…1 between -55 dB and -10 dB of full scale: where speech into a microphone lies. */
export function loudness(power: number): number {
  const decibel = 10 * Math.log10(Math.max(power, 1e-12))
  return Math.min(1, Math.max(0, (decibel + 55) / 45))
}
