import { useEffect, useState } from 'react'
import { ApiError, type SearchHit } from '../services/avatarClient'
import { useServices } from './useServices'

/** Milliseconds without a further letter before the server is asked. */
const PAUSE = 200
const NO_HITS: readonly SearchHit[] = []

export interface HistorySearch {
  readonly phase: 'off' | 'searching' | 'done' | 'failed'
  /** While a search runs, those of the one before. */
  readonly hits: readonly SearchHit[]
}

interface Result {
  readonly text: string
  readonly hits: readonly SearchHit[] | null
}

/** Searches the person's conversations while the words are being typed. */
export function useHistorySearch(text: string): HistorySearch {
  const { chat } = useServices()
  const [result, setResult] = useState<Result>({ text: '', hits: NO_HITS })
  const wanted = text.trim()
  useEffect(() => {
    if (wanted === '') return undefined
    let current = true
    const finish = (hits: readonly SearchHit[] | null) => {
      if (current) setResult({ text: wanted, hits })
    }
    const search = () => {
      chat.search(wanted).then(finish, (error: unknown) => {
        finish(null)
        if (!(error instanceof ApiError)) throw error
      })
    }
    const timer = setTimeout(search, PAUSE)
    return () => {
      current = false
      clearTimeout(timer)
    }
  }, [chat, wanted])
  if (wanted === '') return { phase: 'off', hits: NO_HITS }
  const hits = result.hits ?? NO_HITS
  if (result.text !== wanted) return { phase: 'searching', hits }
  return { phase: result.hits ? 'done' : 'failed', hits }
}
