/** Animation frames between measurements, and the smallest change that is reported. */
const EVERY = 3
const STEP = 0.03

/** Measures the loudness of a track for a meter. Owns its AudioContext. */
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
      // A meter falls more slowly than it rises.
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

/** Mean square as 0…1 between -55 dB and -10 dB of full scale, the range of speech into a microphone. */
export function loudness(power: number): number {
  const decibel = 10 * Math.log10(Math.max(power, 1e-12))
  return Math.min(1, Math.max(0, (decibel + 55) / 45))
}
