import { useEffect, useState } from 'react'
import { useConversation } from '../hooks/useConversation'
import { useServices } from '../hooks/useServices'
import { readStats, UNKNOWN, type ConnectionStats } from '../services/connectionStats'
import { responseTime, steps } from '../services/timing'

const EVERY = 1000

/** The latency of the last answer, step by step, and the statistics of the connection, for operators. */
export function Readout() {
  const times = useConversation()?.times ?? null
  const stats = useConnectionStats()
  const bars = times ? steps(times) : []
  const total = times ? responseTime(times) : null
  const longest = Math.max(1, ...bars.map(({ ms }) => ms))
  return (
    <section aria-label="Delays" data-testid="readout" className="readout">
      <h2 className="flex justify-between gap-6 font-medium">
        Answer <span className="tabular-nums">{milliseconds(total)}</span>
      </h2>
      {bars.map(({ name, ms }) => (
        <div key={name} className="grid grid-cols-[5.5rem_1fr_3rem] items-center gap-2">
          <span className="text-ink-soft">{name}</span>
          <span className="h-1.5 rounded-full bg-line">
            <span className="block h-full rounded-full bg-(--accent)" style={{ width: `${(ms / longest) * 100}%` }} />
          </span>
          <span className="text-right tabular-nums">{milliseconds(ms)}</span>
        </div>
      ))}
      <dl className="mt-1 grid gap-y-1 border-t border-line pt-2">
        <Entry name="Round trip" value={milliseconds(stats.roundTrip)} />
        <Entry name="Pictures" value={stats.frameRate === null ? '–' : `${Math.round(stats.frameRate)}/s`} />
        <Entry name="Audio buffer" value={milliseconds(stats.audioBuffer)} />
        <Entry name="Video buffer" value={milliseconds(stats.videoBuffer)} />
        <Entry name="Lost packets" value={String(stats.lost)} />
      </dl>
    </section>
  )
}

function Entry({ name, value }: { readonly name: string; readonly value: string }) {
  return (
    <div className="flex justify-between gap-2">
      <dt className="text-ink-soft">{name}</dt>
      <dd className="tabular-nums">{value}</dd>
    </div>
  )
}

function milliseconds(value: number | null): string {
  return value === null ? '–' : `${Math.round(value)} ms`
}

function useConnectionStats(): ConnectionStats {
  const { call } = useServices().chat
  const [stats, setStats] = useState(UNKNOWN)
  useEffect(() => {
    const timer = setInterval(() => {
      void call.stats().then((report) => setStats(report ? readStats(report as ReadonlyMap<string, unknown>) : UNKNOWN))
    }, EVERY)
    return () => clearInterval(timer)
  }, [call])
  return stats
}
