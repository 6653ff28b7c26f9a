import { useEffect, type RefObject } from 'react'
import { LevelMeter } from '../services/level'

/** Writes the loudness of a track, 0 to 1, into `--level` of an element: many times a second, past React. */
export function useLevel(element: RefObject<HTMLElement | null>, track: MediaStreamTrack | null): void {
  useEffect(() => {
    const target = element.current
    if (!track || !target) return
    const meter = new LevelMeter(track, (level) => target.style.setProperty('--level', level.toFixed(3)))
    return () => {
      meter.close()
      target.style.removeProperty('--level')
    }
  }, [element, track])
}
