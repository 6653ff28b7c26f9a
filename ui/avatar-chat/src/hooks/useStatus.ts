import { useEffect, useState } from 'react'
import { statusOf, type Status } from '../services/status'
import { useStore } from './useStore'
import { useCharacter, useConversation, useTab } from './useVisit'

/** Milliseconds: between two sentences nothing plays for a moment, and the avatar has not stopped speaking. */
const BREATH = 400

/** What is going on, steady over the pauses between sentences. */
export function useStatus(): Status {
  const { call } = useTab().visit
  const name = useCharacter()?.name ?? 'The avatar'
  const now = statusOf(useConversation(), useStore(call.state), useStore(call.microphone.state), name)
  const [shown, setShown] = useState(now)
  const pausing = shown.name === 'speaking' && (now.name === 'thinking' || now.name === 'listening')
  useEffect(() => {
    const timer = setTimeout(() => setShown({ name: now.name, words: now.words }), pausing ? BREATH : 0)
    return () => clearTimeout(timer)
  }, [now.name, now.words, pausing])
  return pausing ? shown : now
}
