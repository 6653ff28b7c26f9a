import { useServices } from './useServices'
import { useStore } from './useStore'

/** The call: its mode, and the phase and media stream of its WebRTC connection. */
export function useWebRTC() {
  return useStore(useServices().chat.call.state)
}
