import type { Answer } from '../../services/analytics/analyticsClient'
import { pictureOf, roundedUp, text, type Picture } from '../../services/analytics/picture'

const [WIDTH, HEIGHT, LEFT, BOTTOM] = [640, 180, 44, 20]
const COLOURS = 7

const colour = (index: number) => `var(--series-${index % COLOURS})`

/** The picture of an answer. */
export function Chart({ answer }: { readonly answer: Answer }) {
  const [first, second] = answer.y.filter((y) => answer.rows.some((row) => typeof row[y] === 'number'))
  if (first === undefined) return null
  const main = pictureOf(answer, first)
  if (answer.chart === 'bars' && answer.x !== 'day') return <Rows answer={answer} y={first} />
  return (
    <figure className="m-0">
      {answer.chart === 'bars' ? (
        <Bars picture={main} label={`${answer.title}: ${first}`} />
      ) : (
        <Lines main={main} above={second === undefined ? null : pictureOf(answer, second)} label={answer.title} />
      )}
      <figcaption className="legend">
        {main.series.map(({ name }, index) => (
          <span key={name}>
            <i style={{ background: colour(index) }} aria-hidden />
            {inWords(name)}
          </span>
        ))}
        <span>
          {inWords(first)}
          {answer.chart === 'lines' && second !== undefined && `, faint: ${inWords(second)}`}
          {answer.unit && ` in ${answer.unit}`}
        </span>
      </figcaption>
    </figure>
  )
}

/** The name of a column or a step as people read it: `first_audio` is "first audio". */
const inWords = (name: string) => (/^[a-z]+(_[a-z]+)+$/.test(name) ? name.replaceAll('_', ' ') : name)

function Axes({ picture, most }: { readonly picture: Picture; readonly most: number }) {
  const { places } = picture
  const step = Math.max(1, Math.ceil(places.length / 8))
  return (
    <>
      {[0, 0.5, 1].map((part) => (
        <g key={part}>
          <line className="grid-line" x1={LEFT} x2={WIDTH} y1={y(part * most, most)} y2={y(part * most, most)} />
          <text x={LEFT - 6} y={y(part * most, most) + 4} textAnchor="end">{text(part * most)}</text>
        </g>
      ))}
      {places.map((place, index) =>
        index % step ? null : (
          <text
            key={place} x={x(index, places.length)} y={HEIGHT - 4} textAnchor="middle"
            className={(index / step) % 2 ? 'other' : ''}
          >
            {short(place)}
          </text>
        ),
      )}
    </>
  )
}

const x = (index: number, count: number) => LEFT + ((index + 0.5) * (WIDTH - LEFT)) / count
const y = (value: number, most: number) => 8 + (1 - value / most) * (HEIGHT - BOTTOM - 8)
const short = (place: string) => (place.includes('T') ? place.slice(11, 16) : place.slice(5))

function Bars({ picture, label }: { readonly picture: Picture; readonly label: string }) {
  const { places, series } = picture
  const sums = places.map((_, index) => series.reduce((sum, one) => sum + (one.values[index] ?? 0), 0))
  const most = roundedUp(Math.max(...sums))
  const width = Math.min(48, ((WIDTH - LEFT) / places.length) * 0.7)
  return (
    <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={label}>
      <Axes picture={picture} most={most} />
      {places.map((place, index) => {
        let below = 0
        return series.map(({ name, values }, place_) => {
          const value = values[index] ?? 0
          const top = y(below + value, most)
          const height = y(below, most) - top
          below += value
          return value === 0 ? null : (
            <rect
              key={`${place} ${name}`} x={x(index, places.length) - width / 2} y={top} width={width} height={height}
              fill={colour(place_)}
            >
              <title>{`${place} ${name}: ${text(value)}`}</title>
            </rect>
          )
        })
      })}
    </svg>
  )
}

interface LinesProps {
  readonly main: Picture
  readonly above: Picture | null
  readonly label: string
}

function Lines({ main, above, label }: LinesProps) {
  const values = [main, above].flatMap((picture) => picture?.series.flatMap((one) => one.values) ?? [])
  const most = roundedUp(Math.max(...values.filter((value) => value !== null)))
  return (
    <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={label}>
      <Axes picture={main} most={most} />
      {[above, main].map((picture) =>
        picture?.series.map((one) => {
          const place = main.series.findIndex(({ name }) => name === one.name)
          const points = one.values.flatMap((value, index) =>
            value === null ? [] : [{ place: picture.places[index] ?? '', value, at: x(index, picture.places.length) }],
          )
          const line = points.map((point) => `${point.at},${y(point.value, most)}`).join(' ')
          return (
            <g key={`${picture === main} ${one.name}`} opacity={picture === main ? 1 : 0.4} stroke={colour(place)}>
              <polyline fill="none" strokeWidth={2} points={line} />
              {points.map((point) => (
                <circle key={point.place} cx={point.at} cy={y(point.value, most)} r={2.5} fill={colour(place)}>
                  <title>{`${point.place} ${one.name}: ${text(point.value)}`}</title>
                </circle>
              ))}
            </g>
          )
        }),
      )}
    </svg>
  )
}

/** A bar for each row, for what is not along the time. */
function Rows({ answer, y }: { readonly answer: Answer; readonly y: string }) {
  const values = answer.rows.map((row) => (typeof row[y] === 'number' ? row[y] : 0))
  const most = Math.max(...values, Number.MIN_VALUE)
  return (
    <dl className="bars">
      {answer.rows.map((row, index) => (
        <div key={index}>
          <dt>
            {text(row[answer.x])}
            {answer.series !== null && <small> {text(row[answer.series])}</small>}
          </dt>
          <dd>
            <i style={{ width: `${((values[index] ?? 0) / most) * 100}%`, background: colour(0) }} aria-hidden />
            {text(row[y])} {answer.unit}
          </dd>
        </div>
      ))}
    </dl>
  )
}
