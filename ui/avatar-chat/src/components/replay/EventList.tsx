import { useEffect, useRef } from 'react'
import type { ReplayEvent } from '../../generated/replay'
import { useAt, useReplay } from '../../hooks/useReplay'
import { useStore } from '../../hooks/useStore'
import { useWindowed } from '../../hooks/useWindowed'
import { duration, lastHappened, timecode } from '../../services/replay/moments'

/** Pixels. */
const ROW = 34

/** The events of the present turn, with where the clock is among them. */
export function EventList() {
  const replay = useReplay()
  const { rows, phase } = useStore(replay.events)
  const stepped = useStore(replay.stepped)
  const selected = useStore(replay.selection)?.event ?? null
  const last = useAt((at) => lastHappened(rows, at))
  const found = rows.findIndex(({ id }) => id === stepped)
  const current = found >= 0 ? found : last
  const scroller = useRef<HTMLDivElement>(null)
  const { from, to, above, whole } = useWindowed(scroller, rows.length, ROW)
  useEffect(() => {
    const element = scroller.current
    if (!element || current < 0) return
    const top = current * ROW
    const isSeen = top >= element.scrollTop && top + ROW <= element.scrollTop + element.clientHeight
    if (!isSeen) element.scrollTo({ top: top - element.clientHeight / 2 })
  }, [current])
  return (
    <section aria-label="Events of this turn" className="events">
      <div className="waterfall-head">
        <h2>Events</h2>
        <span className="text-xs text-ink-soft tabular-nums">{phase === 'ready' && rows.length}</span>
      </div>
      <div ref={scroller} className="events-scroller" data-testid="replay-events">
        {phase === 'failed' && <p className="p-3 text-sm text-danger">The events could not be loaded.</p>}
        {phase === 'loading' && <p className="p-3 text-sm text-ink-soft">Loading</p>}
        <div style={{ height: whole }} className="relative">
          <ol style={{ transform: `translateY(${above}px)` }}>
            {rows.slice(from, to).map((event, place) => (
              <Row
                key={event.id}
                event={event}
                past={from + place <= current}
                current={from + place === current}
                selected={event.id === selected}
                onVisit={() => replay.visit(event)}
              />
            ))}
          </ol>
        </div>
      </div>
    </section>
  )
}

interface RowProps {
  readonly event: ReplayEvent
  readonly past: boolean
  readonly current: boolean
  readonly selected: boolean
  readonly onVisit: () => void
}

function Row({ event, past, current, selected, onVisit }: RowProps) {
  return (
    <li>
      <EventButton event={event} onVisit={onVisit} past={past} current={current} selected={selected} />
    </li>
  )
}

interface EventButtonProps extends Partial<Omit<RowProps, 'event' | 'onVisit'>> {
  readonly event: ReplayEvent
  readonly onVisit: () => void
}

/** One event on one line: when, what, since its cause. */
export function EventButton({ event, onVisit, past = true, current = false, selected = false }: EventButtonProps) {
  const [family = ''] = event.tag.split('.')
  return (
    <button
      type="button"
      aria-current={current ? 'step' : undefined}
      aria-pressed={selected}
      data-past={past}
      data-family={family}
      data-testid="replay-event"
      title={event.summary}
      onClick={onVisit}
      className="event"
    >
      <span className="event-time">{timecode(event.at, true)}</span>
      <span className="event-tag">{event.tag}</span>
      <span dir="auto" className="event-summary">{event.summary}</span>
      <span className="event-delay">{event.delay === null ? '' : `+${duration(event.delay)}`}</span>
    </button>
  )
}
