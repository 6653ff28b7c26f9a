import { useEffect, useLayoutEffect, useMemo, useRef, useState, type RefObject } from 'react'

/** Pixels rendered above and below what is seen. */
const MORE = 600
/** Of a list whose size is not known yet, as much as this is rendered. */
const UNKNOWN = 800

/** Index of the last row that begins at or before a place. `offsets` has one more than there are rows. */
function rowAt(offsets: readonly number[], place: number): number {
  let [low, high] = [0, offsets.length - 2]
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if ((offsets[middle] ?? 0) <= place) low = middle
    else high = middle - 1
  }
  return Math.max(0, low)
}

/**
 * Which rows of a long list to render, where rows have heights of their own: those in view. A row counts with an
 * estimate until it has been rendered once.
 *
 * @param list Its children are the rendered rows.
 */
export function useMeasuredWindow(
  scroller: RefObject<HTMLElement>,
  list: RefObject<HTMLElement>,
  count: number,
  estimate: number,
) {
  const heights = useRef(new Map<number, number>())
  const [measured, setMeasured] = useState<ReadonlyMap<number, number>>(new Map())
  const [seen, setSeen] = useState({ top: 0, height: UNKNOWN })
  const offsets = useMemo(() => {
    const all = [0]
    for (let row = 0; row < count; row++) all.push((all[row] ?? 0) + (measured.get(row) ?? estimate))
    return all
  }, [measured, count, estimate])
  const from = rowAt(offsets, seen.top - MORE)
  const to = count === 0 ? 0 : Math.min(count, rowAt(offsets, seen.top + seen.height + MORE) + 1)
  useEffect(() => {
    const element = scroller.current
    if (!element) return undefined
    // Whole steps: not every pixel of scrolling need render.
    const look = () => {
      const top = Math.floor(element.scrollTop / 200) * 200
      const height = element.clientHeight || UNKNOWN
      setSeen((before) => (before.top === top && before.height === height ? before : { top, height }))
    }
    const observer = new ResizeObserver(look)
    observer.observe(element)
    element.addEventListener('scroll', look, { passive: true })
    return () => {
      observer.disconnect()
      element.removeEventListener('scroll', look)
    }
  }, [scroller])
  useLayoutEffect(() => {
    const rows = Array.from(list.current?.children ?? [], (row) => (row instanceof HTMLElement ? row.offsetHeight : 0))
    const changed = rows.filter((height, place) => height > 0 && heights.current.get(from + place) !== height)
    rows.forEach((height, place) => {
      if (height > 0) heights.current.set(from + place, height)
    })
    if (changed.length > 0) setMeasured(new Map(heights.current))
  }, [list, from, to])
  return { from, to, offsets }
}
