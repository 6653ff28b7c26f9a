import { createContext, useContext } from 'react'
import type { Chat } from '../services/chat'
import type { PreferenceStore } from '../services/preferences'

export interface Services {
  readonly chat: Chat
  readonly preferences: PreferenceStore
}

export const ServicesContext = createContext<Services | null>(null)

/** The services of this tab. */
export function useServices(): Services {
  const services = useContext(ServicesContext)
  if (!services) throw new Error('expected to be rendered below ServicesContext')
  return services
}
