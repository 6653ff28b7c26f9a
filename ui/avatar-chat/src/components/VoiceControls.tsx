import { Mic, MicOff, PhoneOff, Square } from 'lucide-react'
import { useRef } from 'react'
import { useLevel } from '../hooks/useLevel'
import { useStatus } from '../hooks/useStatus'
import { useStore } from '../hooks/useStore'
import { useTab } from '../hooks/useVisit'

/** The one thing to do, talk; and while talking: mute, stop the avatar, hang up. */
export function VoiceControls({ name }: { readonly name: string }) {
  const { visit } = useTab()
  const { mode } = useStore(visit.call.state)
  const { phase } = useStore(visit.state)
  if (mode !== 'none') return <Dock />
  return (
    <div className="flex flex-col items-center gap-3">
      <button
        type="button"
        data-testid="talk-button"
        disabled={phase !== 'ready'}
        onClick={() => void visit.talk()}
        className="button-primary"
      >
        <Mic aria-hidden className="size-5" />
        Talk to {name}
      </button>
      <p className="hint text-sm text-ink-soft">or write a message</p>
    </div>
  )
}

function Dock() {
  const { visit } = useTab()
  const { mode } = useStore(visit.call.state)
  const status = useStatus()
  const busy = status.name === 'speaking' || status.name === 'thinking'
  return (
    <div className="flex items-center justify-center gap-3" role="group" aria-label="Call">
      {mode === 'talk' ? <MuteButton /> : <UseMicrophone />}
      <button
        type="button"
        data-testid="stop-button"
        aria-keyshortcuts="Escape"
        disabled={!busy}
        onClick={() => void visit.interrupt()}
        className="button-round"
        title="Stop talking (Esc)"
        aria-label="Stop the answer"
      >
        <Square aria-hidden className="size-5 fill-current" />
      </button>
      <button
        type="button"
        data-testid="leave-button"
        onClick={() => visit.leave()}
        className="button-round text-danger"
        title="Hang up"
        aria-label="Hang up"
      >
        <PhoneOff aria-hidden className="size-5" />
      </button>
    </div>
  )
}

function MuteButton() {
  const { microphone } = useTab().visit.call
  const { muted, track } = useStore(microphone.state)
  const button = useRef<HTMLButtonElement>(null)
  useLevel(button, muted ? null : track)
  return (
    <button
      ref={button}
      type="button"
      data-testid="mute-button"
      aria-pressed={muted}
      aria-keyshortcuts="M"
      onClick={() => microphone.setMuted(!muted)}
      className="button-round button-level"
      title={muted ? 'Unmute (M)' : 'Mute (M)'}
      aria-label="Mute the microphone"
    >
      {muted ? <MicOff aria-hidden className="size-6" /> : <Mic aria-hidden className="size-6" />}
    </button>
  )
}

/** Without a microphone one watches and writes; this is the way to talk after all. */
function UseMicrophone() {
  const { visit } = useTab()
  return (
    <button type="button" data-testid="talk-button" onClick={() => void visit.talk()} className="button-solid">
      <Mic aria-hidden className="size-5" /> Use microphone
    </button>
  )
}
