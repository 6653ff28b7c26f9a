import {
  ChevronLeft,
  ChevronRight,
  Link,
  Pause,
  Play,
  SkipBack,
  SkipForward,
  StepBack,
  StepForward,
} from 'lucide-react'
import { useEffect, useRef, useState } from 'react'
import { useReplay } from '../../hooks/useReplay'
import { useStore } from '../../hooks/useStore'
import { SPEEDS, type Speed } from '../../services/replay/clock'
import { timecode } from '../../services/replay/moments'
import { Scrubber } from './Scrubber'

/** The scrubber and what moves the clock. */
export function Transport() {
  const replay = useReplay()
  const { player } = replay
  const { playing } = useStore(player.state)
  return (
    <section aria-label="Playback" className="transport">
      <Scrubber />
      <div className="transport-row">
        <Time />
        <div className="transport-buttons">
          <Button label="Previous turn (Shift ←)" keys="Shift+ArrowLeft" onClick={() => replay.stepTurn(-1)}>
            <SkipBack aria-hidden className="size-5" />
          </Button>
          <Button label="Previous event (,)" keys="," onClick={() => void replay.stepEvent(-1)}>
            <StepBack aria-hidden className="size-4.5" />
          </Button>
          <button
            type="button"
            data-testid="replay-play"
            aria-label={playing ? 'Pause' : 'Play'}
            aria-keyshortcuts="Space"
            title={playing ? 'Pause (space)' : 'Play (space)'}
            onClick={() => player.toggle()}
            className="transport-play"
          >
            {playing ? (
              <Pause aria-hidden className="size-6" />
            ) : (
              <Play aria-hidden className="size-6 translate-x-0.5" />
            )}
          </button>
          <Button label="Next event (.)" keys="." onClick={() => void replay.stepEvent(1)}>
            <StepForward aria-hidden className="size-4.5" />
          </Button>
          <Button label="Next turn (Shift →)" keys="Shift+ArrowRight" onClick={() => replay.stepTurn(1)}>
            <SkipForward aria-hidden className="size-5" />
          </Button>
        </div>
        <div className="transport-options">
          <SpeedChoice />
          <Skipping />
          <CopyLink />
        </div>
      </div>
    </section>
  )
}

interface ButtonProps {
  readonly label: string
  readonly keys: string
  readonly onClick: () => void
  readonly children: React.ReactNode
}

function Button({ label, keys, onClick, children }: ButtonProps) {
  const name = label.replace(/ \(.*\)$/, '')
  return (
    <button
      type="button"
      aria-label={name}
      aria-keyshortcuts={keys}
      title={label}
      onClick={onClick}
      className="button-icon"
    >
      {children}
    </button>
  )
}

/** Written without rendering, so that the tenths may run. */
function Time() {
  const { player, view } = useReplay()
  const text = useRef<HTMLSpanElement>(null)
  useEffect(() => {
    const write = () => {
      const now = timecode(player.position.get(), true)
      if (text.current && text.current.textContent !== now) text.current.textContent = now
    }
    write()
    return player.position.subscribe(write)
  }, [player])
  return (
    <p className="transport-time" data-testid="replay-time">
      <span ref={text} className="font-medium text-ink" />
      <span> / {timecode(view.length)}</span>
    </p>
  )
}

function SpeedChoice() {
  const { player } = useReplay()
  const { speed } = useStore(player.state)
  return (
    <div className="speed">
      <button
        type="button"
        aria-label="Slower"
        aria-keyshortcuts="<"
        title="Slower (<)"
        disabled={speed === SPEEDS[0]}
        onClick={() => player.changeSpeed(-1)}
      >
        <ChevronLeft aria-hidden className="size-4" />
      </button>
      <select
        aria-label="Speed"
        data-testid="replay-speed"
        value={speed}
        onChange={(event) => player.setSpeed(Number(event.target.value) as Speed)}
      >
        {SPEEDS.map((one) => (
          <option key={one} value={one}>
            {one}×
          </option>
        ))}
      </select>
      <button
        type="button"
        aria-label="Faster"
        aria-keyshortcuts=">"
        title="Faster (>)"
        disabled={speed === SPEEDS.at(-1)}
        onClick={() => player.changeSpeed(1)}
      >
        <ChevronRight aria-hidden className="size-4" />
      </button>
    </div>
  )
}

function Skipping() {
  const { player } = useReplay()
  const { skipping } = useStore(player.state)
  return (
    <button
      type="button"
      aria-pressed={skipping}
      aria-keyshortcuts="S"
      title="Skip the silences (S)"
      data-testid="replay-skip"
      onClick={() => player.toggleSkipping()}
      className="pill-button"
    >
      Skip silences
    </button>
  )
}

const SHOWN = 2000

/** Copies the address of this moment. */
function CopyLink() {
  const replay = useReplay()
  const [state, setState] = useState<'idle' | 'copied' | 'failed'>('idle')
  useEffect(() => {
    if (state === 'idle') return undefined
    const timer = setTimeout(() => setState('idle'), SHOWN)
    return () => clearTimeout(timer)
  }, [state])
  const copy = async () => {
    try {
      // Not there where the page did not come over https or from this machine.
      await navigator.clipboard.writeText(replay.link)
      setState('copied')
    } catch {
      setState('failed')
    }
  }
  return (
    <button
      type="button"
      title="Copy the link to this moment"
      data-testid="replay-link"
      onClick={() => void copy()}
      className="pill-button"
    >
      <Link aria-hidden className="size-4" />
      <span aria-live="polite">{{ idle: 'Link', copied: 'Copied', failed: 'In the address' }[state]}</span>
    </button>
  )
}
