import { createContext, useContext } from 'react'
import type { PreferenceStore } from '../services/preferences'
import type { Visit } from '../services/visit'
import { useMaybeStore, useStore } from './useStore'

export interface Tab {
  readonly visit: Visit
  readonly preferences: PreferenceStore
}

export const TabContext = createContext<Tab | null>(null)

/** The services of this tab. */
export function useTab(): Tab {
  const tab = useContext(TabContext)
  if (!tab) throw new Error('expected to be rendered below TabContext')
  return tab
}

/** The state of the open conversation; null where none is open. */
export function useConversation() {
  const { conversation } = useStore(useTab().visit.state)
  return useMaybeStore(conversation?.state ?? null)
}

/** The character one talks to, or would; null until the list is there. */
export function useCharacter() {
  const { visit } = useTab()
  const { chosen } = useStore(visit.state)
  const { characters } = useStore(visit.catalogue.state)
  const current = useConversation()?.view.character ?? chosen
  return characters.find(({ id }) => id === current) ?? characters[0] ?? null
}
