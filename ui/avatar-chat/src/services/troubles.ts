/** Standing problems as notices: shown while they last, gone when they are over. */

import { PROBLEMS } from './microphone'
import type { Visit } from './visit'

/** Watch a visit's microphone and connections and keep its notices in step. Returns what stops that. */
export function noticesOf(visit: Visit): () => void {
  const { call, notices } = visit
  const microphone = () => {
    const { problem } = call.microphone.state.get()
    if (!problem) {
      notices.remove('microphone')
      return
    }
    const { title, fix } = PROBLEMS[problem]
    const action = { label: 'Try again', run: () => void visit.talk() }
    notices.show({ id: 'microphone', tone: 'problem', title, detail: fix, ...(problem !== 'insecure' && { action }) })
  }
  const connection = () => {
    const { rtc } = call.state.get()
    if (rtc.phase === 'refused') {
      const detail = `Sound and picture cannot be set up (${rtc.reason ?? 'unknown'}). You can type.`
      notices.show({ id: 'call', tone: 'problem', title: 'The call was refused', detail })
    } else if (rtc.phase === 'reconnecting' && rtc.reason === 'unavailable') {
      const detail = 'All places are taken. You are connected as soon as one is free; you can type meanwhile.'
      notices.show({ id: 'call', tone: 'problem', title: 'The server is busy', detail })
    } else notices.remove('call')
  }
  return combine(call.microphone.state.subscribe(microphone), call.state.subscribe(connection), watchServer(visit))
}

/** Says that the server is away, and that it is back. */
function watchServer(visit: Visit): () => void {
  const { notices } = visit
  let stop: () => void = () => undefined
  const look = () => {
    const { phase, conversation } = visit.state.get()
    const away = phase === 'away' || (conversation?.state.get().retries ?? 0) >= 2
    if (away && !notices.has('server')) {
      const detail = 'Nothing is lost. The page goes on by itself as soon as it is back.'
      notices.show({ id: 'server', tone: 'problem', title: 'The server is away', detail })
    } else if (!away && notices.has('server')) {
      const quiet = conversation && conversation.state.get().retries > 0
      if (!quiet) notices.remove('server')
    }
  }
  const follow = () => {
    stop()
    stop = visit.state.get().conversation?.state.subscribe(look) ?? (() => undefined)
    look()
  }
  const unfollow = visit.state.subscribe(follow)
  return combine(unfollow, () => stop())
}

function combine(...stops: (() => void)[]): () => void {
  return () => {
    for (const stop of stops) stop()
  }
}
