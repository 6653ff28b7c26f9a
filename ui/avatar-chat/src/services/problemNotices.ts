/** Standing problems as notices: shown while they last, removed when they are over. */

import type { Call } from './call'
import type { Conversation } from './conversation'
import { PROBLEMS } from './microphone'
import type { Notices } from './notices'
import { AWAY_AFTER } from './status'
import type { Store } from './store'

/** The part of the chat's state that tells whether the server answers. */
interface ServerState {
  readonly phase: 'loading' | 'ready' | 'away'
  readonly conversation: Conversation | null
}
type Readable<T> = Pick<Store<T>, 'get' | 'subscribe'>

/**
 * Keep the notices of the microphone, the call and the server in step with their states. Returns what stops that.
 *
 * @param retry Calls again, with the microphone.
 */
export function watchProblems(
  notices: Notices,
  call: Call,
  state: Readable<ServerState>,
  retry: () => void,
): () => void {
  const stops = [
    call.microphone.state.subscribe(() => showMicrophone(notices, call, retry)),
    call.state.subscribe(() => showConnection(notices, call)),
    watchServer(notices, state),
  ]
  return () => {
    for (const stop of stops) stop()
  }
}

function showMicrophone(notices: Notices, call: Call, retry: () => void): void {
  const { problem } = call.microphone.state.get()
  if (!problem) {
    notices.remove('microphone')
    return
  }
  const { title, fix } = PROBLEMS[problem]
  const action = { label: 'Try again', run: retry }
  notices.show({ id: 'microphone', tone: 'problem', title, detail: fix, ...(problem !== 'insecure' && { action }) })
}

function showConnection(notices: Notices, call: Call): void {
  const { phase, reason } = call.state.get().connection
  if (phase === 'refused') {
    const detail = `Sound and picture cannot be set up (${reason ?? 'unknown'}). You can type.`
    notices.show({ id: 'call', tone: 'problem', title: 'The call was refused', detail })
  } else if (phase === 'reconnecting' && reason === 'unavailable') {
    const detail = 'All places are taken. You are connected as soon as one is free; you can type meanwhile.'
    notices.show({ id: 'call', tone: 'problem', title: 'The server is busy', detail })
  } else if (phase === 'reconnecting' && reason === 'too_many_requests') {
    const detail = 'There were many from here. The page calls again by itself in a moment; you can type meanwhile.'
    notices.show({ id: 'call', tone: 'problem', title: 'Too many calls at once', detail })
  } else if (phase === 'reconnecting' && reason === 'log_full') {
    const detail = 'It takes nothing new until there is space again. What was said is kept, and can be read.'
    notices.show({ id: 'call', tone: 'problem', title: 'The server is full', detail })
  } else notices.remove('call')
}

/** Shows that the server is away, until the open conversation's events arrive again. */
function watchServer(notices: Notices, state: Readable<ServerState>): () => void {
  let stop: () => void = () => undefined
  const look = () => {
    const { phase, conversation } = state.get()
    const retries = conversation?.state.get().retries ?? 0
    if (phase === 'away' || retries >= AWAY_AFTER) {
      if (notices.has('server')) return
      const detail = 'The page goes on by itself as soon as it is back.'
      notices.show({ id: 'server', tone: 'problem', title: 'The server is away', detail })
    } else if (retries === 0) notices.remove('server')
  }
  const follow = () => {
    stop()
    stop = state.get().conversation?.state.subscribe(look) ?? (() => undefined)
    look()
  }
  const unfollow = state.subscribe(follow)
  return () => {
    unfollow()
    stop()
  }
}
