const FIRST = 500
const LAST = 8000

/**
 * Milliseconds to wait before the given retry: doubles from 0.5 s to 8 s, and up to a quarter less at random, so that
 * the pages of a server that was away do not reconnect all at once.
 *
 * @param attempt 1 for the first retry.
 * @param random 0 to 1.
 */
export function backoff(attempt: number, random: number = Math.random()): number {
  const full = Math.min(LAST, FIRST * 2 ** Math.max(0, attempt - 1))
  return Math.round(full * (1 - random / 4))
}
