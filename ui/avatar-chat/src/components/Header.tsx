import { Captions, CaptionsOff, CircleQuestionMark, History, MessagesSquare, Smartphone, SquarePen } from 'lucide-react'
import { useEffect } from 'react'
import { useConversation } from '../hooks/useConversation'
import { useServices } from '../hooks/useServices'
import { useStore } from '../hooks/useStore'
import { replayHash } from '../services/route'
import { EngineBadge } from './EngineBadge'

interface Props {
  readonly onList: () => void
  readonly onEngines: () => void
  readonly onChannels: () => void
  readonly onHelp: () => void
}

export function Header({ onList, onEngines, onChannels, onHelp }: Props) {
  const { chat, preferences } = useServices()
  const { captions } = useStore(preferences.state)
  const status = useStore(chat.serverStatus.state)
  const { view } = useStore(chat.channelLinks.state)
  const isNoneRunning = status !== null && status.channels.length === 0
  const hasChannels = (status !== null && !isNoneRunning) || (view?.links.length ?? 0) > 0
  // Who is linked sees it, and can end it, also while no channel runs.
  useEffect(() => {
    if (isNoneRunning) void chat.channelLinks.look()
  }, [chat, isNoneRunning])
  const open = useConversation()?.view
  const title = open?.title
  useEffect(() => {
    document.title = title ? `${title} · Visavis` : 'Visavis'
  }, [title])
  return (
    <header className="header">
      <div className="flex min-w-0 flex-1 items-center gap-1">
        <button type="button" onClick={onList} className="button-icon" title="Conversations" aria-label="Conversations">
          <MessagesSquare aria-hidden className="size-5" />
        </button>
        <button
          type="button"
          data-testid="new-conversation"
          onClick={() => void chat.startConversation()}
          className="button-icon"
          title="New conversation"
          aria-label="New conversation"
        >
          <SquarePen aria-hidden className="size-5" />
        </button>
        <h1 className={`min-w-0 truncate pl-2 font-medium ${hasChannels ? 'max-[27rem]:sr-only' : ''}`}>
          {title ? <span title={title}>{title}</span> : <span>Visavis</span>}
        </h1>
      </div>
      <EngineBadge onOpen={onEngines} />
      {hasChannels && (
        <button
          type="button"
          data-testid="channels-button"
          aria-haspopup="dialog"
          onClick={onChannels}
          className="button-icon"
          title="Channels: go on elsewhere"
          aria-label="Channels"
        >
          <Smartphone aria-hidden className="size-5" />
        </button>
      )}
      {open && open.turns.length > 0 && (
        <a
          href={replayHash(open.id)}
          data-testid="replay-button"
          className="button-icon max-[40rem]:hidden"
          title="Replay: see and hear it again, with what happened when"
          aria-label="Replay"
        >
          <History aria-hidden className="size-5" />
        </a>
      )}
      <button
        type="button"
        aria-pressed={captions}
        aria-keyshortcuts="C"
        onClick={() => preferences.toggle('captions')}
        className="button-icon"
        title="Captions (C)"
        aria-label="Captions"
      >
        {captions ? <Captions aria-hidden className="size-5" /> : <CaptionsOff aria-hidden className="size-5" />}
      </button>
      <button
        type="button"
        onClick={onHelp}
        className="button-icon"
        aria-keyshortcuts="?"
        title="Help (?)"
        aria-label="Help"
      >
        <CircleQuestionMark aria-hidden className="size-5" />
      </button>
    </header>
  )
}
