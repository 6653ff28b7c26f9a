import { ArrowLeft } from 'lucide-react'
import { useEffect, useState } from 'react'
import { AnalyticsClient, type Answer } from '../../services/analytics/analyticsClient'
import { text } from '../../services/analytics/picture'
import { ApiError } from '../../services/avatarClient'
import './analytics.css'
import { Chart } from './Chart'

const PERIODS = [
  { since: '24h', label: 'a day' },
  { since: '7d', label: 'a week' },
  { since: '30d', label: '30 days' },
  { since: '52w', label: 'a year' },
] as const

type Load = (since: string) => Promise<readonly Answer[]>

const fromServer: Load = (since) => new AnalyticsClient().answers(since)

/** What the log tells of all conversations: charts, each with its rows. For the operator. */
export default function AnalyticsPage({ load = fromServer }: { readonly load?: Load }) {
  const [since, setSince] = useState<string>('30d')
  const { answers, problem } = useAnswers(since, load)
  return (
    <div className="analytics">
      <header>
        <a href="#" aria-label="Back to the conversation" className="button-icon">
          <ArrowLeft aria-hidden className="size-5" />
        </a>
        <h1>Analytics</h1>
        <fieldset aria-label="Period">
          {PERIODS.map((period) => (
            <button
              key={period.since} type="button" aria-pressed={since === period.since}
              onClick={() => setSince(period.since)}
            >
              {period.label}
            </button>
          ))}
        </fieldset>
      </header>
      <main aria-busy={answers === null && problem === null}>
        {problem !== null && <p role="alert">{problem}</p>}
        {problem === null && answers === null && <p role="status">Reading the tables</p>}
        {problem === null && answers?.map((answer) => <Section key={answer.question} answer={answer} />)}
      </main>
    </div>
  )
}

function useAnswers(since: string, load: Load) {
  const [answers, setAnswers] = useState<readonly Answer[] | null>(null)
  const [problem, setProblem] = useState<string | null>(null)
  useEffect(() => {
    let wanted = true
    load(since).then(
      (found) => {
        if (!wanted) return
        setAnswers(found)
        setProblem(null)
      },
      (error: unknown) => {
        if (wanted) setProblem(problemOf(error))
      },
    )
    return () => {
      wanted = false
    }
  }, [since, load])
  return { answers, problem }
}

function problemOf(error: unknown): string {
  if (!(error instanceof ApiError)) throw error
  if (error.status === 403) {
    return 'The analytics are for the operator. `visavis analytics page` prints an address that opens them.'
  }
  return error.status === 0 ? 'The server cannot be reached.' : error.message
}

function Section({ answer }: { readonly answer: Answer }) {
  return (
    <section aria-label={answer.title} className={answer.rows.length === 0 ? 'order-last' : ''}>
      <h2>{answer.title}</h2>
      {answer.rows.length === 0 ? (
        <p className="text-ink-soft">Nothing in this time.</p>
      ) : (
        <>
          <Chart answer={answer} />
          <Rows answer={answer} />
        </>
      )}
    </section>
  )
}

function Rows({ answer }: { readonly answer: Answer }) {
  const isNumber = (column: string) => answer.rows.some((row) => typeof row[column] === 'number')
  return (
    <details>
      <summary>{answer.rows.length === 1 ? 'One row' : `${answer.rows.length} rows`}</summary>
      <div className="table">
        <table>
          <thead>
            <tr>
              {answer.columns.map((column) => (
                <th key={column} scope="col" className={isNumber(column) ? 'number' : ''}>
                  {column.replaceAll('_', ' ')}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {answer.rows.map((row, index) => (
              <tr key={index}>
                {answer.columns.map((column) => (
                  <td key={column} className={isNumber(column) ? 'number' : ''}>{text(row[column])}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  )
}
