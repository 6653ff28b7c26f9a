import { useServices } from './useServices'
import { useMaybeStore, useStore } from './useStore'

/** The state of the open conversation; null where none is open. */
export function useConversation() {
  const { conversation } = useStore(useServices().chat.state)
  return useMaybeStore(conversation?.state ?? null)
}
