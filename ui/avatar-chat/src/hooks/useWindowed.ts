import { useEffect, useState, type RefObject } from 'react'

/** Rows rendered above and below what is seen. */
const MORE = 8

/** Which rows of a long list to render: those that are in view, of rows of one height in pixels. */
export function useWindowed(scroller: RefObject<HTMLElement>, count: number, height: number) {
  const [seen, setSeen] = useState({ first: 0, size: 30 })
  useEffect(() => {
    const element = scroller.current
    if (!element) return undefined
    const look = () => {
      const first = Math.floor(element.scrollTop / height)
      const size = Math.max(30, Math.ceil(element.clientHeight / height))
      setSeen((before) => (before.first === first && before.size === size ? before : { first, size }))
    }
    const observer = new ResizeObserver(look)
    observer.observe(element)
    element.addEventListener('scroll', look, { passive: true })
    return () => {
      observer.disconnect()
      element.removeEventListener('scroll', look)
    }
  }, [scroller, height])
  const from = Math.max(0, Math.min(seen.first, count - seen.size) - MORE)
  const to = Math.min(count, Math.max(seen.first, 0) + seen.size + MORE)
  return { from, to, above: from * height, whole: count * height }
}
