import { memo, useEffect, useMemo, useRef, useState, type PointerEvent } from 'react'
import type { ReplayClip, ReplayTurn } from '../../generated/replay'
import { useAt, useReplay } from '../../hooks/useReplay'
import { spokenTime, timecode, turnAt } from '../../services/replay/moments'
import { markGroups, markWords, worst } from './marks'

/** The whole conversation on one line: its turns, both voices, and what was cut short or went wrong. */
export function Scrubber() {
  const replay = useReplay()
  const { view } = replay
  const track = useRef<HTMLDivElement>(null)
  const [hover, setHover] = useState<number | null>(null)
  const seconds = useAt((at) => Math.floor(at / 1000))
  const turn = useAt((at) => turnAt(view.turns, at))
  const momentOf = (event: PointerEvent) => {
    const box = track.current?.getBoundingClientRect()
    if (!box || box.width === 0) return 0
    return Math.min(Math.max((event.clientX - box.left) / box.width, 0), 1) * view.length
  }
  const onMove = (event: PointerEvent<HTMLDivElement>) => {
    const at = momentOf(event)
    setHover(at)
    if (event.currentTarget.hasPointerCapture(event.pointerId)) replay.seek(at)
  }
  const place = view.turns.length > 0 ? `, turn ${turn + 1} of ${view.turns.length}` : ''
  return (
    <div className="scrubber">
      <div
        ref={track}
        role="slider"
        tabIndex={0}
        aria-label="Position in the conversation"
        aria-valuemin={0}
        aria-valuemax={Math.ceil(view.length / 1000)}
        aria-valuenow={seconds}
        aria-valuetext={`${spokenTime(seconds * 1000)} of ${spokenTime(view.length)}${place}`}
        data-testid="replay-scrubber"
        className="scrubber-track"
        onPointerDown={(event) => {
          if (event.button !== 0) return
          event.currentTarget.setPointerCapture(event.pointerId)
          replay.seek(momentOf(event))
        }}
        onPointerMove={onMove}
        onPointerLeave={() => setHover(null)}
      >
        <Bands turns={view.turns} length={view.length} />
        <Lanes clips={view.clips} length={view.length} />
        <Playhead length={view.length} />
        {hover !== null && <Preview at={hover} length={view.length} turns={view.turns} />}
      </div>
      <Marks turns={view.turns} length={view.length} onSeek={(at) => replay.seek(at)} />
    </div>
  )
}

interface TurnsProps {
  readonly turns: readonly ReplayTurn[]
  readonly length: number
}

/** Units of the drawing across; high enough that a clip of a long conversation keeps its place. */
const ACROSS = 100_000

function path(spans: readonly (readonly [number, number])[], length: number, top: number, height: number): string {
  const x = (at: number) => Math.round((at / length) * ACROSS)
  return spans
    .map(([start, end]) => `M${x(start)} ${top}H${Math.max(x(end), x(start) + 1)}V${top + height}H${x(start)}Z`)
    .join('')
}

/** Every other turn has a ground, so that one sees where turns begin. */
const Bands = memo(function Bands({ turns, length }: TurnsProps) {
  const spans = turns.flatMap(({ start }, place) =>
    place % 2 === 0 ? [[start, turns[place + 1]?.start ?? length] as const] : [],
  )
  return (
    <svg aria-hidden viewBox={`0 0 ${ACROSS} 1`} preserveAspectRatio="none" className="scrubber-bands">
      <path d={path(spans, length, 0, 1)} />
    </svg>
  )
})

interface LanesProps {
  readonly clips: readonly ReplayClip[]
  readonly length: number
}

/** The person's voice above, the character's below; one path each, however long the conversation. */
const Lanes = memo(function Lanes({ clips, length }: LanesProps) {
  const lane = (kind: ReplayClip['kind'], has: boolean, top: number) => {
    const spans = clips.filter((clip) => clip.kind === kind && clip.sound === has)
    return path(spans.map((clip) => [clip.start, clip.start + clip.length] as const), length, top, 3)
  }
  return (
    <svg aria-hidden viewBox={`0 0 ${ACROSS} 8`} preserveAspectRatio="none" className="scrubber-lanes">
      <path d={lane('person', true, 0)} className="lane-person" />
      <path d={lane('person', false, 0)} className="lane-person lane-lost" />
      <path d={lane('character', true, 5)} className="lane-character" />
      <path d={lane('character', false, 5)} className="lane-character lane-lost" />
    </svg>
  )
})

/** Moved without rendering, sixty times a second. */
function Playhead({ length }: { readonly length: number }) {
  const { position } = useReplay().player
  const head = useRef<HTMLDivElement>(null)
  const done = useRef<HTMLElement>(null)
  useEffect(() => {
    const move = () => {
      const at = length === 0 ? 0 : position.get() / length
      if (head.current) head.current.style.transform = `translateX(${at * 100}%)`
      if (done.current) done.current.style.transform = `scaleX(${at})`
    }
    move()
    return position.subscribe(move)
  }, [position, length])
  return (
    <>
      <div aria-hidden className="scrubber-done">
        <i ref={done} />
      </div>
      <div ref={head} aria-hidden className="playhead">
        <i />
      </div>
    </>
  )
}

interface PreviewProps extends TurnsProps {
  readonly at: number
}

/** When and what that is, under the pointer. */
function Preview({ at, length, turns }: PreviewProps) {
  const turn = turns[turnAt(turns, at)]
  const text = turn?.person?.text ?? turn?.reply?.text ?? ''
  const percent = length === 0 ? 0 : (at / length) * 100
  return (
    <div aria-hidden className="scrubber-preview" style={{ left: `clamp(5.5rem, ${percent}%, calc(100% - 5.5rem))` }}>
      <b className="tabular-nums">{timecode(at)}</b>
      {text && <span className="truncate">{text}</span>}
    </div>
  )
}

interface MarksProps extends TurnsProps {
  readonly onSeek: (at: number) => void
}

/** Marks that would lie on one another are one, which goes to the first of them. */
const Marks = memo(function Marks({ turns, length, onSeek }: MarksProps) {
  const groups = useMemo(() => markGroups(turns.flatMap((turn) => turn.marks), length), [turns, length])
  return (
    <ul aria-label="Marks" className="scrubber-marks">
      {groups.map((marks) => {
        const [first] = marks
        const words = [...new Set(marks.map(markWords))].join('; ')
        return (
          <li key={`${first.event} ${first.kind}`} style={{ left: `${(first.at / length) * 100}%` }}>
            <button
              type="button"
              data-kind={worst(marks)}
              title={`${words}, ${timecode(first.at)}`}
              aria-label={`${words}, at ${spokenTime(first.at)}`}
              onClick={() => onSeek(first.at)}
              className="mark"
            />
          </li>
        )
      })}
    </ul>
  )
})
