/** Times of the log, microseconds since 1970, in the reader's language. */

const DAY = 24 * 3600 * 1000

function daysBetween(then: Date, now: Date): number {
  return Math.round((new Date(now).setHours(0, 0, 0, 0) - new Date(then).setHours(0, 0, 0, 0)) / DAY)
}

/** "14:03" today, "Yesterday 14:03", "Mon 14:03" in the last week, with the date before that. */
export function timeLabel(at: number, now: Date = new Date(), locale?: string): string {
  const then = new Date(at / 1000)
  const time = then.toLocaleTimeString(locale, { hour: '2-digit', minute: '2-digit' })
  const days = daysBetween(then, now)
  if (days <= 0) return time
  return `${day(then, days, locale)} ${time}`
}

function day(then: Date, days: number, locale?: string): string {
  if (days === 1) {
    const word = new Intl.RelativeTimeFormat(locale, { numeric: 'auto' }).format(-1, 'day')
    return word.slice(0, 1).toUpperCase() + word.slice(1)
  }
  if (days < 7) return then.toLocaleDateString(locale, { weekday: 'short' })
  return then.toLocaleDateString(locale, { day: 'numeric', month: 'short', year: 'numeric' })
}
