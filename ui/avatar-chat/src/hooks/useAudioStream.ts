import { useEffect, type RefObject } from 'react'
import { LevelMeter } from '../services/levelMeter'
import { isOpen } from '../services/microphone'
import { useServices } from './useServices'
import { useStore } from './useStore'

/**
 * The microphone: its state, and muting.
 *
 * @param meter Element whose `--level` shows the loudness, 0 to 1: set many times a second, without rendering.
 */
export function useAudioStream(meter?: RefObject<HTMLElement | null>) {
  const { microphone } = useServices().chat.call
  const state = useStore(microphone.state)
  const audible = isOpen(state) ? state.track : null
  useEffect(() => {
    const element = meter?.current
    if (!audible || !element) return
    const levels = new LevelMeter(audible, (level) => element.style.setProperty('--level', level.toFixed(3)))
    return () => {
      levels.close()
      element.style.removeProperty('--level')
    }
  }, [meter, audible])
  return { ...state, setMuted: (muted: boolean) => microphone.setMuted(muted) }
}
