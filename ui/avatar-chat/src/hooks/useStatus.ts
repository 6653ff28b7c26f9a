import { useEffect, useState } from 'react'
import { statusOf, type Status } from '../services/status'
import { useCharacter } from './useCharacter'
import { useConversation } from './useConversation'
import { useServices } from './useServices'
import { useStore } from './useStore'
import { useWebRTC } from './useWebRTC'

/** Milliseconds between two sentences in which nothing plays and the avatar still counts as speaking. */
const PAUSE = 400

/** The status, without flicker in the pauses between sentences. */
export function useStatus(): Status {
  const name = useCharacter()?.name ?? 'The avatar'
  const now = statusOf(useConversation(), useWebRTC(), useStore(useServices().chat.call.microphone.state), name)
  const [shown, setShown] = useState(now)
  const pausing = shown.name === 'speaking' && (now.name === 'thinking' || now.name === 'listening')
  useEffect(() => {
    const timer = setTimeout(() => setShown({ name: now.name, words: now.words }), pausing ? PAUSE : 0)
    return () => clearTimeout(timer)
  }, [now.name, now.words, pausing])
  return pausing ? shown : now
}
