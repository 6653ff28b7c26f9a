import { ArrowLeft, Captions as CaptionsIcon, CaptionsOff, CircleQuestionMark, Copy, History } from 'lucide-react'
import { useCallback, useEffect, useState } from 'react'
import type { ConversationId } from '../../generated/events'
import type { ReplayView } from '../../generated/replay'
import { ReplayContext, useReplay, useSpeaker } from '../../hooks/useReplay'
import { useReplayKeys } from '../../hooks/useReplayKeys'
import { useServices } from '../../hooks/useServices'
import { useStore } from '../../hooks/useStore'
import { ApiError } from '../../services/avatarClient'
import { readable } from '../../services/colour'
import { Replay } from '../../services/replay/replay'
import { EventList } from './EventList'
import { EventPanel } from './EventPanel'
import { Face } from './Face'
import './replay.css'
import { ReplayCaptions } from './ReplayCaptions'
import { ReplayHelp } from './ReplayHelp'
import { ReplayNotices } from './ReplayNotices'
import { ReplayTranscript } from './ReplayTranscript'
import { Transport } from './Transport'
import { Waterfall } from './Waterfall'

interface Props {
  readonly conversation: ConversationId
  /** ms from its start; null: from its start on. */
  readonly at: number | null
  readonly open?: Open
}

type Open = (conversation: ConversationId, at: number | null) => Promise<Replay>

const fromServer: Open = (conversation, at) => Replay.open(conversation, at)

/** A past conversation, to be seen, heard and looked into. */
export default function ReplayPage({ conversation, at, open = fromServer }: Props) {
  const { replay, problem } = useOpen(conversation, at, open)
  if (problem !== null || !replay) {
    return (
      <div className="page grid-cols-1 grid-rows-1 place-items-center">
        {problem === null ? <p role="status">Opening the conversation</p> : <Problem text={problem} />}
      </div>
    )
  }
  return (
    <ReplayContext.Provider value={replay}>
      <Opened />
    </ReplayContext.Provider>
  )
}

function useOpen(conversation: ConversationId, at: number | null, open: Open) {
  const [replay, setReplay] = useState<Replay | null>(null)
  const [problem, setProblem] = useState<string | null>(null)
  useEffect(() => {
    let wanted = true
    let opened: Replay | null = null
    open(conversation, at).then(
      (found) => {
        if (wanted) setReplay((opened = found))
        else found.close()
      },
      (error: unknown) => {
        if (wanted) setProblem(problemOf(error))
      },
    )
    return () => {
      wanted = false
      opened?.close()
      setReplay(null)
      setProblem(null)
    }
    // Another moment of the same conversation is gone to, below.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [conversation, open])
  useEffect(() => {
    if (at !== null) replay?.seek(at)
  }, [replay, at])
  return { replay, problem }
}

function problemOf(error: unknown): string {
  if (!(error instanceof ApiError)) throw error
  if (error.status === 404) return 'There is no such conversation, or it belongs to somebody else.'
  return error.status === 0 ? 'The server cannot be reached.' : error.message
}

function Problem({ text }: { readonly text: string }) {
  return (
    <div className="flex max-w-md flex-col items-center gap-4 px-6 text-center">
      <h1 className="text-xl font-semibold">This conversation cannot be replayed</h1>
      <p role="alert" className="text-ink-soft">{text}</p>
      <a href="#" className="button-solid">Back to the conversation</a>
    </div>
  )
}

type Tab = 'transcript' | 'turn'

function Opened() {
  const replay = useReplay()
  const { preferences } = useServices()
  const { shortcuts } = useStore(preferences.state)
  const [help, setHelp] = useState(false)
  const [tab, setTab] = useState<Tab>('transcript')
  const onCaptions = useCallback(() => preferences.toggle('captions'), [preferences])
  const onHelp = useCallback(() => setHelp(true), [])
  useReplayKeys(replay, { letters: shortcuts, onCaptions, onHelp })
  useColours()
  const hasSelection = useStore(replay.selection) !== null
  const shown = hasSelection ? 'turn' : tab
  return (
    <div className="replay" data-tab={shown}>
      <Header onHelp={onHelp} />
      <main className="replay-stage">
        <ReplayNotices />
        <div className="face">
          <Face />
        </div>
        <ReplayCaptions />
      </main>
      <Transport />
      <div role="group" aria-label="What to see" className="replay-tabs segments">
        {(['transcript', 'turn'] as const).map((one) => (
          <button key={one} type="button" aria-pressed={shown === one} onClick={() => setTab(one)}>
            {one === 'transcript' ? 'Transcript' : 'Steps and events'}
          </button>
        ))}
      </div>
      <aside className="replay-panel replay-words" aria-label="Transcript">
        <ReplayTranscript />
      </aside>
      <aside className="replay-panel replay-inspector" aria-label="The present turn">
        <Inspector />
        <EventPanel />
      </aside>
      {help && <ReplayHelp onClose={() => setHelp(false)} />}
    </div>
  )
}

function Inspector() {
  const replay = useReplay()
  const turn = replay.view.turns[useStore(replay.turn)]
  return (
    <div className="inspector" data-testid="inspector">
      {turn && <Waterfall key={turn.id} turn={turn} />}
      <EventList />
    </div>
  )
}

function Header({ onHelp }: { readonly onHelp: () => void }) {
  const { view } = useReplay()
  const { preferences } = useServices()
  const { captions } = useStore(preferences.state)
  const title = view.title || 'Untitled'
  useEffect(() => {
    document.title = `Replay: ${title} · Visavis`
  }, [title])
  const began = new Date(view.start / 1000)
  return (
    <header className="replay-header">
      <a href={`#c=${view.conversation}`} className="button-icon" aria-label="Back to the conversation" title="Back">
        <ArrowLeft aria-hidden className="size-5" />
      </a>
      <div className="min-w-0 flex-1">
        <h1 dir="auto" className="truncate leading-tight font-medium">{title}</h1>
        <p className="flex items-center gap-1.5 truncate text-xs text-ink-soft">
          <History aria-hidden className="size-3.5 shrink-0" />
          <span className="truncate">
            Replay of{' '}
            <time dateTime={began.toISOString()}>
              {began.toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'short' })}
            </time>
          </span>
        </p>
      </div>
      <CopyBadge view={view} />
      <button
        type="button"
        aria-pressed={captions}
        aria-keyshortcuts="C"
        onClick={() => preferences.toggle('captions')}
        className="button-icon"
        title="Captions (C)"
        aria-label="Captions"
      >
        {captions ? <CaptionsIcon aria-hidden className="size-5" /> : <CaptionsOff aria-hidden className="size-5" />}
      </button>
      <button
        type="button"
        onClick={onHelp}
        className="button-icon"
        aria-keyshortcuts="?"
        title="Keys (?)"
        aria-label="Keys"
      >
        <CircleQuestionMark aria-hidden className="size-5" />
      </button>
    </header>
  )
}

/** Says that this conversation did not take place here, or not like this. */
function CopyBadge({ view }: { readonly view: ReplayView }) {
  if (view.copied === '') return null
  const words = view.copied === 'imported' ? 'Imported' : 'Run again'
  const title =
    view.copied === 'imported'
      ? 'A copy of a conversation of another system'
      : 'Recorded inputs through other engines'
  return (
    <p className="copy-badge" data-testid="copy-badge" title={`${title}: ${view.copy_of}`}>
      <Copy aria-hidden className="size-3.5 shrink-0" />
      {words}
      <span className="sr-only">, a copy of {view.copy_of}</span>
    </p>
  )
}

/** The page takes on the colour of the character that speaks. */
function useColours(): void {
  const { accent } = useSpeaker()
  useEffect(() => {
    const { style } = document.documentElement
    const { background, text } = readable(accent)
    style.setProperty('--accent', accent)
    style.setProperty('--solid', background)
    style.setProperty('--on-solid', text)
  }, [accent])
}
