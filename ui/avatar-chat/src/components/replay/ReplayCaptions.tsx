import type { ReplayClip } from '../../generated/replay'
import { useAt, useReplay } from '../../hooks/useReplay'
import { useServices } from '../../hooks/useServices'
import { useStore } from '../../hooks/useStore'
import { lastStarted, turnAt } from '../../services/replay/moments'

/** What both say at this moment, word by word where the times of the words are known. */
export function ReplayCaptions() {
  const { captions } = useStore(useServices().preferences.state)
  const { view, personClips, characterClips } = useReplay()
  const turn = useAt((at) => view.turns[turnAt(view.turns, at)] ?? null)
  const said = useAt((at) => lastOfTurn(personClips, at, turn?.id))
  const told = useAt((at) => lastOfTurn(characterClips, at, turn?.id))
  const sounds = useAt((at) => told !== null && at < told.start + told.length)
  const written = turn && !turn.spoken ? (turn.person?.text ?? '') : ''
  if (!captions) return <div className="captions" data-testid="replay-captions" aria-hidden />
  return (
    <div className="captions" data-testid="replay-captions" aria-hidden>
      {(said ?? written) && (
        <p
          data-testid="replay-caption-person"
          data-state={told ? 'final' : 'telling'}
          dir="auto"
          className="caption-person"
        >
          {said ? <Words clip={said} /> : written}
        </p>
      )}
      {told && (
        <p
          key={`${told.id} ${told.start}`}
          data-testid="replay-caption-character"
          data-length={told.text.length > 170 ? 'longest' : told.text.length > 110 ? 'long' : 'short'}
          dir="auto"
          className={`caption-avatar ${sounds ? '' : 'text-ink-soft'}`}
        >
          {told.text}
        </p>
      )}
    </div>
  )
}

/** The clip under way, or the last one that was heard in this turn. */
function lastOfTurn(clips: readonly ReplayClip[], at: number, turn: string | undefined): ReplayClip | null {
  const clip = clips[lastStarted(clips, at)]
  return clip && clip.turn === turn ? clip : null
}

function Words({ clip }: { readonly clip: ReplayClip }) {
  const spoken = useAt((at) => lastStarted(clip.words, at))
  if (clip.words.length === 0) return <>{clip.text}</>
  return (
    <>
      {clip.words.map((word, place) => (
        <span key={place} data-spoken={place <= spoken} data-now={place === spoken} className="replay-word">
          {place > 0 && ' '}
          {word.text}
        </span>
      ))}
    </>
  )
}
