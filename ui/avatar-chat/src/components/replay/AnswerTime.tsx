import type { ReplayTurn } from '../../generated/replay'
import { duration } from '../../services/replay/moments'
import { answerParts, STEPS, totals } from '../../services/replay/waterfall'

/** How long the answer took, and what the time consists of. */
export function AnswerTime({ turn }: { readonly turn: ReplayTurn }) {
  const { audio, frame, answer } = totals(turn)
  const parts = answerParts(turn)
  if (audio === null && answer === null) return null
  return (
    <div data-testid="answer-time" className="answer-time">
      <dl className="answer-totals">
        <Total name="Answer heard" ms={answer} big />
        <Total name="First audio" ms={audio} />
        <Total name="First frame" ms={frame} />
      </dl>
      {parts.length > 0 && answer !== null && answer > 0 && (
        <>
          <div aria-hidden className="answer-bar">
            {parts.map(({ name, ms }) => (
              <i key={name} data-part={name} style={{ flexGrow: Math.max(ms, 0) }} />
            ))}
          </div>
          <ul className="answer-legend" aria-label="What the time until the answer consists of">
            {parts.map(({ name, ms }) => (
              <li key={name}>
                <i aria-hidden data-part={name} /> {STEPS[name].label} <b>{duration(ms)}</b>
              </li>
            ))}
          </ul>
        </>
      )}
    </div>
  )
}

interface TotalProps {
  readonly name: string
  readonly ms: number | null
  readonly big?: boolean
}

function Total({ name, ms, big = false }: TotalProps) {
  return (
    <div data-big={big}>
      <dt>{name}</dt>
      <dd>{ms === null ? '–' : duration(ms)}</dd>
    </div>
  )
}
