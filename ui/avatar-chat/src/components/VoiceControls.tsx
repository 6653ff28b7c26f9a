import { Mic, MicOff, PhoneOff, Square } from 'lucide-react'
import { useRef } from 'react'
import { useAudioStream } from '../hooks/useAudioStream'
import { useConversation } from '../hooks/useConversation'
import { useServices } from '../hooks/useServices'
import { useStatus } from '../hooks/useStatus'
import { useStore } from '../hooks/useStore'
import { useWebRTC } from '../hooks/useWebRTC'
import { isVoiceExpected } from '../services/status'

/** The button that calls; during a call: mute, stop the answer, hang up. */
export function VoiceControls({ name }: { readonly name: string }) {
  const { chat } = useServices()
  const { mode } = useWebRTC()
  const { phase } = useStore(chat.state)
  if (mode !== 'none') return <Dock />
  return (
    <div className="flex flex-col items-center gap-3">
      <button
        type="button"
        data-testid="talk-button"
        disabled={phase !== 'ready'}
        onClick={() => void chat.talk()}
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
  const { chat } = useServices()
  const { mode } = useWebRTC()
  const status = useStatus()
  const conversation = useConversation()
  const busy = status.name === 'speaking' || status.name === 'thinking' || isVoiceExpected(conversation?.view)
  return (
    <div className="flex items-center justify-center gap-3" role="group" aria-label="Call">
      {mode === 'talk' ? <MuteButton /> : <UseMicrophone />}
      <button
        type="button"
        data-testid="stop-button"
        aria-keyshortcuts="Escape"
        disabled={!busy}
        onClick={() => void chat.interrupt()}
        className="button-round"
        title="Stop talking (Esc)"
        aria-label="Stop the answer"
      >
        <Square aria-hidden className="size-5 fill-current" />
      </button>
      <button
        type="button"
        data-testid="leave-button"
        onClick={() => chat.hangUp()}
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
  const button = useRef<HTMLButtonElement>(null)
  const { muted, setMuted } = useAudioStream(button)
  return (
    <button
      ref={button}
      type="button"
      data-testid="mute-button"
      aria-pressed={muted}
      aria-keyshortcuts="M"
      onClick={() => setMuted(!muted)}
      className="button-round button-level"
      title={muted ? 'Unmute (M)' : 'Mute (M)'}
      aria-label="Mute the microphone"
    >
      {muted ? <MicOff aria-hidden className="size-6" /> : <Mic aria-hidden className="size-6" />}
    </button>
  )
}

/** In a call without a microphone: the button that takes it up. */
function UseMicrophone() {
  const { chat } = useServices()
  return (
    <button type="button" data-testid="talk-button" onClick={() => void chat.talk()} className="button-solid">
      <Mic aria-hidden className="size-5" /> Use microphone
    </button>
  )
}
