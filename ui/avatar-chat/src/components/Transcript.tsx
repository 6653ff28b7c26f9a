import { ArrowDown, Mic } from 'lucide-react'
import { memo, useCallback, useEffect, useRef, useState } from 'react'
import type { PersonView, ReplyView, TurnView } from '../generated/view'
import { useConversation } from '../hooks/useConversation'
import { useServices } from '../hooks/useServices'
import { useStore } from '../hooks/useStore'
import type { Character } from '../services/avatarClient'
import type { ChatState } from '../services/chat'
import type { ConversationState } from '../services/conversation'
import { channelName } from '../services/channelNames'
import { timeLabel } from '../services/dates'
import { ChannelIcon } from './ChannelIcon'
import { Portrait } from './Portrait'
import { ReplyText } from './ReplyText'

/** Microseconds between two turns after which the time is shown again. */
const GAP = 10 * 60 * 1e6
/** Pixels from the end within which the reader counts as being at the end. */
const NEAR = 48
/** Pixels between the upper edge and the turn of a search result. */
const ABOVE = 24

/** The whole conversation, and the messages that are on their way into it. */
export function Transcript({ character }: { readonly character: Character | null }) {
  const conversation = useConversation()
  const { target } = useStore(useServices().chat.state)
  const { scroller, onScroll, away, toEnd } = useScrolling(conversation, target)
  const turns = conversation?.view.turns ?? []
  const pending = conversation?.pending ?? []
  const empty = turns.length === 0 && pending.length === 0
  return (
    <div className="relative min-h-0 flex-1">
      <div ref={scroller} onScroll={onScroll} data-testid="transcript" className="transcript" tabIndex={0}>
        {empty && character && <Greeting character={character} />}
        <div role="log" aria-live="polite" aria-label="Transcript" className={empty ? '' : 'mt-auto'}>
          <ol className="flex flex-col gap-5">
            {turns.map((turn, place) => (
              <Turn
                key={turn.id}
                turn={turn}
                language={conversation?.view.language ?? 'en'}
                partial={turn.id === conversation?.activeTurn ? conversation.partial : null}
                timed={place === 0 || turn.at - (turns[place - 1]?.at ?? 0) > GAP}
                found={turn.id === target?.turn}
              />
            ))}
            {pending.map((message) => (
              <li key={message.key} className="flex flex-col items-end gap-1">
                <p data-testid="message-person" data-state={message.state} dir="auto" className="message-person">
                  {message.text}
                </p>
                {message.state === 'sending' && message.waits && (
                  <p className="text-sm text-ink-soft" data-testid="message-waits">
                    Not sent yet: {message.waits}. It is sent again by itself.
                  </p>
                )}
                {message.state === 'failed' && <NotSent id={message.key} />}
              </li>
            ))}
          </ol>
        </div>
      </div>
      {away && (
        <button type="button" onClick={toEnd} className="button-icon to-end" aria-label="Go to the newest message">
          <ArrowDown aria-hidden className="size-5" />
        </button>
      )}
    </div>
  )
}

/** Keeps the end in view, unless the reader has gone back or a search result was opened. */
function useScrolling(conversation: ConversationState | null, target: ChatState['target']) {
  const scroller = useRef<HTMLDivElement>(null)
  const following = useRef(true)
  const [away, setAway] = useState(false)
  const toEnd = () => scroller.current?.scrollTo({ top: scroller.current.scrollHeight })
  const onScroll = useCallback(() => {
    const element = scroller.current
    if (!element) return
    following.current = element.scrollHeight - element.scrollTop - element.clientHeight < NEAR
    setAway(!following.current)
  }, [])
  useEffect(() => {
    const element = scroller.current
    if (!element) return undefined
    // The sheet grows while it is drawn up.
    const observer = new ResizeObserver(() => (following.current ? toEnd() : onScroll()))
    observer.observe(element)
    return () => observer.disconnect()
  }, [onScroll])
  const id = conversation?.view.id
  useEffect(() => {
    following.current = true
  }, [id])
  useEffect(() => {
    if (following.current) toEnd()
  }, [conversation])
  useEffect(() => {
    const turn = target && scroller.current?.querySelector<HTMLElement>('[data-found="true"]')
    if (!turn) return
    following.current = false
    scroller.current?.scrollTo({ top: turn.offsetTop - ABOVE })
    turn.focus({ preventScroll: true })
  }, [target])
  return { scroller, onScroll, away, toEnd }
}

function Greeting({ character }: { readonly character: Character }) {
  return (
    <div className="m-auto flex flex-col items-center justify-center gap-3 px-6 text-center">
      <Portrait character={character} className="size-16 rounded-full text-2xl" />
      <p lang={character.language} dir="auto" className="max-w-72 text-balance text-ink-soft">
        {character.greeting}
      </p>
    </div>
  )
}

function NotSent({ id }: { readonly id: number }) {
  const { chat } = useServices()
  const { conversation } = useStore(chat.state)
  return (
    <p className="flex items-center gap-2 text-sm text-danger">
      Not sent
      <button
        type="button"
        className="button-link"
        onClick={() => {
          const message = conversation?.take(id)
          if (message) void chat.send(message.text, message.message)
        }}
      >
        Send again
      </button>
    </p>
  )
}

interface TurnProps {
  readonly turn: TurnView
  readonly language: string
  /** The partial transcript; null except in the turn in progress. */
  readonly partial: string | null
  readonly timed: boolean
  /** Whether it was opened as a search result. */
  readonly found: boolean
}

const Turn = memo(function Turn({ turn, language, partial, timed, found }: TurnProps) {
  const saidIn = turn.reply?.language || language
  return (
    <li data-found={found} tabIndex={found ? -1 : undefined} className="turn flex flex-col gap-3">
      {timed && <time className="self-center text-xs text-ink-soft">{timeLabel(turn.at)}</time>}
      {turn.person && <Person person={turn.person} partial={partial} language={saidIn} />}
      {turn.reply && <Reply reply={turn.reply} language={turn.reply.sentences[0]?.language || language} />}
    </li>
  )
})

interface PersonProps {
  readonly person: PersonView
  readonly partial: string | null
  readonly language: string
}

/** What the person said or wrote; with its channel, where that was not the page. */
function Person(props: PersonProps) {
  const { channel, kind } = props.person
  if (channel === 'web') return <Words {...props} />
  return (
    <div className="flex flex-col gap-1">
      <p data-testid="channel-badge" data-channel={channel} className="channel-badge">
        <ChannelIcon channel={channel} className="size-3.5" />
        {channelName(channel)}
        {kind === 'speech' && ', voice note'}
      </p>
      <Words {...props} />
    </div>
  )
}

function Words({ person, partial, language }: PersonProps) {
  const final = person.state === 'final'
  const words = final ? person.text : `${person.text} ${partial ?? ''}`.trim()
  const isNote = person.channel !== 'web'
  if (person.state === 'heard_twice') return null // it is shown as what the other microphone heard
  if (person.state === 'discarded') {
    return <p className="self-end text-sm text-ink-soft italic">{person.error ?? 'Not understood'}</p>
  }
  // The gateway gave the utterance up, e.g. when a message came in between. A voice note is still being worked on.
  if (partial === null && !words && !isNote) return null
  return (
    <p
      data-testid="message-person"
      data-state={person.state}
      dir="auto"
      lang={language}
      // Screen readers announce the words once, when they are final.
      aria-hidden={!final}
      className={`message-person ${final ? '' : 'opacity-60'}`}
    >
      {person.kind === 'speech' && <Mic aria-hidden className="mr-1.5 inline size-3.5 -translate-y-px opacity-60" />}
      {words || (isNote ? <>Voice note <Dots /></> : <Dots />)}
    </p>
  )
}

function Reply({ reply, language }: { readonly reply: ReplyView; readonly language: string }) {
  const { characters } = useStore(useServices().chat.lists.state)
  const character = characters.find(({ id }) => id === reply.character)
  return (
    <div data-testid="message-avatar" data-state={reply.state} className="flex gap-3">
      {character && <Portrait character={character} className="mt-0.5 size-7 shrink-0 rounded-full text-xs" />}
      <div className="min-w-0 flex-1">
        <p className="sr-only">{character?.name ?? 'The avatar'}:</p>
        <ReplyText sentences={reply.sentences} cut={reply.state === 'interrupted'} language={language} />
        {reply.state === 'telling' && reply.sentences.length === 0 && <Dots />}
        {reply.state === 'interrupted' && <p className="mt-1 text-xs text-ink-soft">You interrupted here</p>}
        {reply.state === 'failed' && <p className="mt-1 text-sm text-danger">No answer: {reply.error}</p>}
      </div>
    </div>
  )
}

function Dots() {
  return (
    <span aria-hidden className="dots">
      <i />
      <i />
      <i />
    </span>
  )
}
