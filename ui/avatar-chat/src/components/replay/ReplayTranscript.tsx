import { Mic } from 'lucide-react'
import { memo, useEffect, useMemo, useRef, type RefObject } from 'react'
import type { ReplayClip, ReplayPerson, ReplayTurn } from '../../generated/replay'
import { useMeasuredWindow } from '../../hooks/useMeasuredWindow'
import { useAt, useReplay } from '../../hooks/useReplay'
import { useStore } from '../../hooks/useStore'
import { channelName } from '../../services/channelNames'
import { duration, soundingAt, timecode } from '../../services/replay/moments'
import { replayHash } from '../../services/route'
import { MARKS } from './marks'

/** Pixels between the upper edge and the present turn. */
const ABOVE = 40
/** Height of a turn until it has been seen, pixels. */
const USUAL = 190

/** What is shown in place of words. */
const UNHEARD: Partial<Record<ReplayPerson['state'], string>> = {
  discarded: 'Not understood',
  heard_twice: 'Heard by another microphone, too',
}

/** All that was said; follows the clock, and a click goes there. Only what is in view is rendered. */
export function ReplayTranscript() {
  const replay = useReplay()
  const { view } = replay
  const present = useStore(replay.turn)
  const scroller = useRef<HTMLDivElement>(null)
  const list = useRef<HTMLOListElement>(null)
  const clips = useMemo(() => clipsByTurn(view.clips), [view])
  const { from, to, offsets } = useMeasuredWindow(scroller, list, view.turns.length, USUAL)
  const onScrolled = useFollowing(scroller, offsets, present)
  return (
    <div
      ref={scroller}
      onWheel={onScrolled}
      onTouchMove={onScrolled}
      onPointerDown={onScrolled}
      className="replay-transcript"
      data-testid="replay-transcript"
      tabIndex={0}
    >
      {view.turns.length === 0 && (
        <p className="p-6 text-center text-ink-soft">Nothing was said in this conversation.</p>
      )}
      <div style={{ height: offsets.at(-1) }}>
        <ol ref={list} style={{ transform: `translateY(${offsets[from] ?? 0}px)` }}>
          {view.turns.slice(from, to).map((turn, place) => (
            <Turn
              key={turn.id}
              turn={turn}
              clips={clips.get(turn.id) ?? NO_CLIPS}
              current={from + place === present}
              onSeek={replay.seekTo}
            />
          ))}
        </ol>
      </div>
    </div>
  )
}

/** Keeps the present turn in view, until the reader scrolls; the next turn is followed again. */
function useFollowing(scroller: RefObject<HTMLElement>, offsets: readonly number[], present: number) {
  const following = useRef(true)
  useEffect(() => {
    following.current = true
  }, [present])
  useEffect(() => {
    const element = scroller.current
    if (!element || !following.current) return
    const [top, bottom] = [offsets[present] ?? 0, offsets[present + 1] ?? 0]
    const isSeen = top >= element.scrollTop && bottom <= element.scrollTop + element.clientHeight
    if (isSeen) return
    const isNear = Math.abs(top - element.scrollTop) < element.clientHeight
    element.scrollTo({ top: top - ABOVE, behavior: isNear ? 'smooth' : 'instant' })
  }, [scroller, offsets, present])
  return () => {
    following.current = false
  }
}

const NO_CLIPS: readonly ReplayClip[] = []

function clipsByTurn(clips: readonly ReplayClip[]): ReadonlyMap<string, readonly ReplayClip[]> {
  const found = new Map<string, ReplayClip[]>()
  for (const clip of clips) {
    if (clip.turn === null) continue
    const list = found.get(clip.turn)
    if (list) list.push(clip)
    else found.set(clip.turn, [clip])
  }
  return found
}

interface TurnProps {
  readonly turn: ReplayTurn
  readonly clips: readonly ReplayClip[]
  readonly current: boolean
  readonly onSeek: (at: number) => void
}

const Turn = memo(function Turn({ turn, clips, current, onSeek }: TurnProps) {
  const { person, reply, measures, marks } = turn
  const own = clips.find(({ kind }) => kind === 'person')
  const answer = measures['answer']
  return (
    <li aria-current={current} className="replay-turn" data-testid="replay-turn">
      <div className="replay-turn-head">
        <button
          type="button"
          aria-label={`Go to ${timecode(turn.start)}`}
          onClick={() => onSeek(turn.start)}
          className="replay-turn-time"
        >
          {timecode(turn.start)}
        </button>
        {turn.channel !== 'web' && <span>{channelName(turn.channel)}</span>}
        {answer !== undefined && (
          <span title="From the end of what the person said to the first sound of the answer">{duration(answer)}</span>
        )}
        {[...new Set(marks.map(({ kind }) => kind))].map((kind) => {
          const { Icon, label } = MARKS[kind]
          return (
            <span key={kind} data-kind={kind} className="mark-label">
              <Icon aria-hidden className="size-3.5" />
              {label}
            </span>
          )
        })}
      </div>
      {person && (
        <button type="button" dir="auto" className="replay-person" onClick={() => onSeek(own?.start ?? turn.start)}>
          {turn.spoken && <Mic aria-label="Said:" className="mr-1.5 inline size-3.5 -translate-y-px opacity-60" />}
          {person.text || <i>{UNHEARD[person.state] ?? '…'}</i>}
        </button>
      )}
      {reply && <Reply turn={turn} clips={clips} current={current} onSeek={onSeek} />}
    </li>
  )
})

/** The sentences that were said aloud, each of which can be gone to, and the rest of the text. */
function Reply({ turn, clips, current, onSeek }: TurnProps) {
  const { reply } = turn
  const said = sentencesOf(clips)
  const heard = said.map(({ text }) => text).join(' ')
  const all = reply?.text ?? ''
  const rest = said.length === 0 ? all : all.startsWith(heard) ? all.slice(heard.length).trim() : ''
  return (
    <p dir="auto" className="replay-reply">
      {said.map((clip) => (
        <Sentence key={clip.index} clip={clip} current={current} onSeek={onSeek} />
      ))}
      {rest && <span className={said.length > 0 ? 'text-ink-soft' : ''}>{rest}</span>}
    </p>
  )
}

/** One clip for each sentence; a sentence that was taken up again has several. */
function sentencesOf(clips: readonly ReplayClip[]): readonly ReplayClip[] {
  const found = new Map<number, ReplayClip>()
  for (const clip of clips) {
    if (clip.kind === 'character' && clip.index !== null && !found.has(clip.index)) found.set(clip.index, clip)
  }
  return [...found.values()].sort((one, other) => (one.index ?? 0) - (other.index ?? 0))
}

interface SentenceProps {
  readonly clip: ReplayClip
  readonly current: boolean
  readonly onSeek: (at: number) => void
}

function Sentence({ clip, current, onSeek }: SentenceProps) {
  const { view } = useReplay()
  return (
    <>
      <a
        href={replayHash(view.conversation, clip.start)}
        className="replay-sentence"
        data-played={clip.played}
        onClick={(event) => {
          if (event.ctrlKey || event.metaKey || event.shiftKey) return // in a tab of its own
          event.preventDefault()
          onSeek(clip.start)
        }}
      >
        {current ? <Sounding clip={clip} /> : clip.text}
      </a>{' '}
    </>
  )
}

/** Only the sentences of the present turn look at the clock. */
function Sounding({ clip }: { readonly clip: ReplayClip }) {
  const { characterClips } = useReplay()
  const sounds = useAt((at) => {
    const now = soundingAt(characterClips, at)
    return now !== null && now.turn === clip.turn && now.index === clip.index
  })
  return <span className="sentence" data-state={sounds ? 'playing' : 'still'}>{clip.text}</span>
}
