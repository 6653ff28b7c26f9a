/** The clock of a replay: where it is, as a pure function of the time now. All times in ms. */

export const SPEEDS = [0.5, 1, 1.5, 2, 4] as const
export type Speed = (typeof SPEEDS)[number]

export interface Clock {
  /** Of the whole conversation. */
  readonly length: number
  /** Where it was at `since`, or where it stands. */
  readonly position: number
  /** When it was started or set, by the clock of the caller; null: it stands. */
  readonly since: number | null
  readonly speed: Speed
}

export function clockOf(length: number, position = 0): Clock {
  return { length, position: within(position, length), since: null, speed: 1 }
}

function within(position: number, length: number): number {
  return Math.min(Math.max(position, 0), length)
}

/** Where the clock is. */
export function positionAt(clock: Clock, now: number): number {
  if (clock.since === null) return clock.position
  return within(clock.position + (now - clock.since) * clock.speed, clock.length)
}

/** The clock running; from the start again where it stood at the end. */
export function started(clock: Clock, now: number): Clock {
  if (clock.since !== null) return clock
  return { ...clock, position: clock.position >= clock.length ? 0 : clock.position, since: now }
}

export function stopped(clock: Clock, now: number): Clock {
  return { ...clock, position: positionAt(clock, now), since: null }
}

/** The clock at another position, running or standing as before. */
export function setTo(clock: Clock, position: number, now: number): Clock {
  return { ...clock, position: within(position, clock.length), since: clock.since === null ? null : now }
}

export function paced(clock: Clock, speed: Speed, now: number): Clock {
  return { ...setTo(clock, positionAt(clock, now), now), speed }
}

/** The next speed up or down; the same at the ends. */
export function nextSpeed(speed: Speed, step: 1 | -1): Speed {
  return SPEEDS[SPEEDS.indexOf(speed) + step] ?? speed
}
