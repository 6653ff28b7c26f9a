import { Check, Copy, X } from 'lucide-react'
import { useEffect, useRef, useState, type ReactNode } from 'react'
import type { ReplayEvent, ReplayEventDetail } from '../../generated/replay'
import { useReplay } from '../../hooks/useReplay'
import { useStore } from '../../hooks/useStore'
import { duration, timecode } from '../../services/replay/moments'
import { EventButton } from './EventList'

/** An event closely: its body, what led to it, and what it led to. */
export function EventPanel() {
  const replay = useReplay()
  const selection = useStore(replay.selection)
  const panel = useRef<HTMLElement>(null)
  const from = useRef<Element | null>(null)
  const isOpen = selection !== null
  useEffect(() => {
    if (!isOpen) return undefined
    from.current = document.activeElement
    panel.current?.focus({ preventScroll: true })
    return () => {
      if (from.current instanceof HTMLElement && from.current.isConnected) from.current.focus({ preventScroll: true })
    }
  }, [isOpen])
  if (!selection) return null
  const { detail, problem } = selection
  return (
    <section ref={panel} tabIndex={-1} aria-label="Event" className="event-panel" data-testid="event-panel">
      <header className="event-panel-head">
        <div className="min-w-0 flex-1">
          <h2 className="truncate font-semibold">{detail?.event.body.type ?? 'Event'}</h2>
          {detail && <Place detail={detail} start={replay.view.start} />}
        </div>
        <button
          type="button"
          aria-label="Close the event"
          onClick={() => void replay.select(null)}
          className="button-icon"
        >
          <X aria-hidden className="size-5" />
        </button>
      </header>
      <div className="event-panel-body">
        {problem && <p className="text-sm text-danger">{problem}</p>}
        {detail && (
          <>
            <Redelivered detail={detail} />
            <Rows title="Because of" none="Nothing: it is where this began." rows={detail.causes} />
            <Rows title="Led to" none="Nothing that is on the log." rows={detail.consequences} />
            <Body detail={detail} />
          </>
        )}
      </div>
    </section>
  )
}

interface DetailProps {
  readonly detail: ReplayEventDetail
}

function Place({ detail, start }: DetailProps & { readonly start: number }) {
  const at = (detail.event.at - start) / 1000
  return (
    <p className="truncate text-xs text-ink-soft tabular-nums">
      {timecode(at, true)} · event {detail.seq} of the log · stored {duration(Math.max(0, detail.stored - at))} later
      {detail.copy && ' · a copy'}
    </p>
  )
}

function Redelivered({ detail }: DetailProps) {
  const services = Object.entries(detail.deliveries)
  if (services.length === 0) return null
  return (
    <p className="event-note">
      Given more than once: {services.map(([service, count]) => `${count} times to ${service}`).join(', ')}
    </p>
  )
}

interface RowsProps {
  readonly title: string
  readonly none: string
  readonly rows: readonly ReplayEvent[]
}

function Rows({ title, none, rows }: RowsProps) {
  const replay = useReplay()
  return (
    <section aria-label={title}>
      <h3>{title}</h3>
      {rows.length === 0 ? (
        <p className="text-sm text-ink-soft">{none}</p>
      ) : (
        <ol className="event-chain">
          {rows.map((event) => (
            <li key={event.id}>
              <EventButton event={event} onVisit={() => replay.visit(event)} />
            </li>
          ))}
        </ol>
      )}
    </section>
  )
}

const SHOWN = 2000

function Body({ detail }: DetailProps) {
  const json = JSON.stringify(detail.event, null, 2)
  const [copied, setCopied] = useState(false)
  useEffect(() => {
    if (!copied) return undefined
    const timer = setTimeout(() => setCopied(false), SHOWN)
    return () => clearTimeout(timer)
  }, [copied])
  const copy = () => {
    void navigator.clipboard.writeText(json).then(
      () => setCopied(true),
      () => undefined, // it can be marked and copied by hand
    )
  }
  return (
    <section aria-label="Body">
      <div className="flex items-center justify-between">
        <h3>Body</h3>
        <button type="button" onClick={copy} className="pill-button">
          {copied ? <Check aria-hidden className="size-4" /> : <Copy aria-hidden className="size-4" />}
          <span aria-live="polite">{copied ? 'Copied' : 'Copy'}</span>
        </button>
      </div>
      <pre data-testid="event-json" tabIndex={0} className="json">
        {coloured(json)}
      </pre>
    </section>
  )
}

const TOKEN = /("(?:[^"\\]|\\.)*")(\s*:)?|\b(?:true|false|null)\b|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g

/** JSON with its names, texts and numbers told apart. */
function coloured(json: string): ReactNode[] {
  const parts: ReactNode[] = []
  let end = 0
  for (const match of json.matchAll(TOKEN)) {
    const [all, text, colon] = match
    const kind = text === undefined ? 'value' : colon === undefined ? 'text' : 'name'
    parts.push(json.slice(end, match.index), <span key={match.index} data-kind={kind}>{all}</span>)
    end = match.index + all.length
  }
  return [...parts, json.slice(end)]
}
