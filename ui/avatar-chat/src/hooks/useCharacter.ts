import { useConversation } from './useConversation'
import { useServices } from './useServices'
import { useStore } from './useStore'

/** The character of the open conversation, or of the next one; null until the list has been loaded. */
export function useCharacter() {
  const { chat } = useServices()
  const { chosen } = useStore(chat.state)
  const { characters } = useStore(chat.lists.state)
  const current = useConversation()?.view.character ?? chosen
  return characters.find(({ id }) => id === current) ?? characters[0] ?? null
}
