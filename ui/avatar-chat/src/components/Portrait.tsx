import { useEffect, useState } from 'react'
import type { Character } from '../services/avatarClient'
import { backoff } from '../services/backoff'

interface Props {
  readonly character: Character
  readonly className?: string
}

/** A character's portrait; its initial until the portrait is drawn, some seconds after the first start. */
export function Portrait(props: Props) {
  // Another character's portrait is loaded anew: the one before says nothing of it.
  return <OnePortrait key={props.character.portrait} {...props} />
}

function OnePortrait({ character, className = '' }: Props) {
  const [failures, setFailures] = useState(0)
  const [attempt, setAttempt] = useState(0)
  const [loaded, setLoaded] = useState(false)
  useEffect(() => {
    if (failures === 0) return
    const timer = setTimeout(() => setAttempt(failures), backoff(failures + 1))
    return () => clearTimeout(timer)
  }, [failures])
  const separator = character.portrait.includes('?') ? '&' : '?'
  const src = attempt === 0 ? character.portrait : `${character.portrait}${separator}again=${attempt}`
  return (
    <span
      className={`relative block overflow-hidden ${className}`}
      style={{ background: `color-mix(in oklch, ${character.accent} 75%, white)` }}
    >
      {!loaded && (
        <span aria-hidden className="absolute inset-0 grid place-items-center font-semibold text-white/90">
          {character.name.slice(0, 1)}
        </span>
      )}
      <img
        key={src}
        src={src}
        alt=""
        draggable={false}
        onLoad={() => setLoaded(true)}
        onError={() => setFailures((count) => count + 1)}
        className={`absolute inset-0 size-full object-cover ${loaded ? '' : 'opacity-0'}`}
      />
    </span>
  )
}
