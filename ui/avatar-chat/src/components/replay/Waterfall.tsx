import { ChevronRight } from 'lucide-react'
import { useEffect, useId, useMemo, useRef, useState } from 'react'
import type { ReplayStep, ReplayTurn } from '../../generated/replay'
import { useReplay } from '../../hooks/useReplay'
import { duration, timecode, type Span } from '../../services/replay/moments'
import { placeOf, shownSpan, stepGroups, STEPS, type StepGroup } from '../../services/replay/waterfall'
import { AnswerTime } from './AnswerTime'

/** A step in words, as one line. */
export function stepWords(step: ReplayStep): string {
  const { label } = STEPS[step.name]
  const sentence = step.index === null ? '' : `, sentence ${step.index + 1}`
  const time = step.end === null ? 'its end is not on the log' : duration(step.end - step.start)
  const how = { done: '', open: '', interrupted: ', interrupted', failed: ', failed' }[step.state]
  const engine = step.engine === '' ? '' : `, ${step.engine}`
  return `${label}${sentence}: ${time}${how}${engine}, from ${timecode(step.start, true)}`
}

/** When each step of a turn took place: hearing, thinking, and for each sentence voice, face and playback. */
export function Waterfall({ turn }: { readonly turn: ReplayTurn }) {
  const { view } = useReplay()
  const [zoom, setZoom] = useState<'turn' | 'answer'>('turn')
  const [shown, setShown] = useState<ReplayStep | null>(null)
  const groups = useMemo(() => stepGroups(turn, view.clips), [turn, view])
  const span = useMemo(() => shownSpan(turn, zoom), [turn, zoom])
  const details = useId()
  return (
    <section aria-label="Steps of this turn" className="waterfall">
      <AnswerTime turn={turn} />
      <div className="waterfall-head">
        <h2>Steps</h2>
        <div role="group" aria-label="Stretch of time" className="segments">
          {(['turn', 'answer'] as const).map((one) => (
            <button key={one} type="button" aria-pressed={zoom === one} onClick={() => setZoom(one)}>
              {one === 'turn' ? 'Whole turn' : 'Until the answer'}
            </button>
          ))}
        </div>
      </div>
      <div className="waterfall-bars" data-testid="waterfall" onPointerLeave={() => setShown(null)}>
        <Needle span={span} />
        {groups.map((group) => (
          <Group key={group.index ?? 'turn'} group={group} span={span} onShow={setShown} details={details} />
        ))}
      </div>
      <p id={details} className="waterfall-details" data-testid="waterfall-details">
        {shown ? stepWords(shown) : <Scale span={span} />}
      </p>
    </section>
  )
}

/** How much time is shown, while no step is pointed at. */
function Scale({ span }: { readonly span: Span }) {
  return (
    <>
      {timecode(span.start, true)} to {timecode(span.end, true)}, {duration(span.end - span.start)}
    </>
  )
}

function isBroken({ state }: ReplayStep): boolean {
  return state === 'interrupted' || state === 'failed'
}

function keyOf({ name, session, start }: ReplayStep): string {
  return `${name} ${session ?? ''} ${start}`
}

interface GroupProps {
  readonly group: StepGroup
  readonly span: Span
  readonly onShow: (step: ReplayStep | null) => void
  readonly details: string
}

/** The steps of the whole turn, or of a sentence: one line each, or all on one line. */
function Group({ group, span, onShow, details }: GroupProps) {
  const { index, text, steps } = group
  const [open, setOpen] = useState(index === null || index === 0 || steps.some(isBroken))
  const rows = steps.map((step) => (
    <Row key={keyOf(step)} step={step} span={span} onShow={onShow} details={details} />
  ))
  if (index === null) return <ul>{rows}</ul>
  return (
    <div className="waterfall-group">
      <button type="button" aria-expanded={open} onClick={() => setOpen(!open)} className="waterfall-sentence">
        <ChevronRight aria-hidden className={`size-3.5 shrink-0 transition-transform ${open ? 'rotate-90' : ''}`} />
        <span className="tabular-nums">{index + 1}</span>
        <span dir="auto" className="truncate">{text || 'Sentence'}</span>
      </button>
      {open ? (
        <ul>{rows}</ul>
      ) : (
        <div className="waterfall-row">
          <span />
          <span className="waterfall-lane">
            {steps.map((step) => (
              <Bar key={keyOf(step)} step={step} span={span} onShow={onShow} details={details} />
            ))}
          </span>
          <span />
        </div>
      )}
    </div>
  )
}

interface RowProps {
  readonly step: ReplayStep
  readonly span: Span
  readonly onShow: (step: ReplayStep | null) => void
  readonly details: string
}

function Row({ step, span, onShow, details }: RowProps) {
  return (
    <li className="waterfall-row" data-state={step.state} data-testid="waterfall-row">
      <span className="truncate">{STEPS[step.name].label}</span>
      <span className="waterfall-lane">
        <Bar step={step} span={span} onShow={onShow} details={details} />
      </span>
      <span className="waterfall-time">{step.end === null ? 'open' : duration(step.end - step.start)}</span>
    </li>
  )
}

function Bar({ step, span, onShow, details }: RowProps) {
  const replay = useReplay()
  const place = placeOf(step, span)
  if (!place) return null
  return (
    <button
      type="button"
      aria-label={stepWords(step)}
      aria-describedby={details}
      data-family={STEPS[step.name].family}
      data-step={step.name}
      data-state={step.state}
      onPointerEnter={() => onShow(step)}
      onFocus={() => onShow(step)}
      onBlur={() => onShow(null)}
      onClick={() => replay.visit({ id: step.event, at: step.end ?? step.start })}
      style={{ left: `${place.left}%`, width: `${place.width}%` }}
      className="bar"
    />
  )
}

/** Where the clock is; moved without rendering. */
function Needle({ span }: { readonly span: Span }) {
  const { position } = useReplay().player
  const needle = useRef<HTMLDivElement>(null)
  useEffect(() => {
    const move = () => {
      if (!needle.current) return
      const at = (position.get() - span.start) / (span.end - span.start)
      const { style } = needle.current
      style.transform = `translateX(${Math.min(Math.max(at, 0), 1) * 100}%)`
      style.visibility = at >= 0 && at <= 1 ? 'visible' : 'hidden'
    }
    move()
    return position.subscribe(move)
  }, [position, span])
  return <div ref={needle} aria-hidden className="needle" />
}
