import { ArrowUp } from 'lucide-react'
import { useState } from 'react'
import { useServices } from '../hooks/useServices'
import { useStore } from '../hooks/useStore'

const LONGEST = 4000
const NEARLY = 3600

/** The text box. Enter sends, Shift and Enter begin a new line. */
export function Composer({ name }: { readonly name: string }) {
  const { chat } = useServices()
  const { phase } = useStore(chat.state)
  const [text, setText] = useState('')
  const ready = text.trim() !== '' && phase === 'ready'
  const send = () => {
    if (!ready) return
    setText('')
    void chat.send(text.trim())
  }
  return (
    <form
      className="composer"
      onSubmit={(event) => {
        event.preventDefault()
        send()
      }}
    >
      <label htmlFor="message" className="sr-only">
        Message {name}
      </label>
      <textarea
        id="message"
        data-testid="composer-input"
        rows={1}
        maxLength={LONGEST}
        enterKeyHint="send"
        placeholder={`Message ${name}`}
        value={text}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={(event) => {
          // Enter belongs to the input method while it composes.
          if (event.key !== 'Enter' || event.shiftKey || event.nativeEvent.isComposing) return
          event.preventDefault()
          send()
        }}
      />
      {text.length > NEARLY && (
        <span className="self-center text-xs tabular-nums text-ink-soft">{LONGEST - text.length}</span>
      )}
      <button type="submit" data-testid="composer-send" disabled={!ready} aria-label="Send" className="composer-send">
        <ArrowUp aria-hidden className="size-5" />
      </button>
    </form>
  )
}
