import { ArrowUp } from 'lucide-react'
import { useState } from 'react'
import { useServices } from '../hooks/useServices'
import { useStore } from '../hooks/useStore'

/** Characters that may be sent at once. */
const LONGEST = 4000
/** Characters left, below which their number is shown. */
const FEW = 400

function noteOfLength(left: number): string {
  if (left < 0) return `${-left} characters too many: ${LONGEST} can be sent`
  return left < FEW ? String(left) : ''
}

/** The text box. Enter sends, Shift and Enter begin a new line. A text that is too long is kept, and said to be. */
export function Composer({ name }: { readonly name: string }) {
  const { chat } = useServices()
  const { phase, returned } = useStore(chat.state)
  const [text, setText] = useState('')
  const [known, setKnown] = useState(returned)
  if (returned !== known) {
    setKnown(returned)
    if (returned) setText(text.trim() === '' ? returned.text : `${text}\n${returned.text}`)
  }
  const left = LONGEST - Array.from(text.trim()).length // the server counts characters, not UTF-16 units
  const ready = text.trim() !== '' && left >= 0 && phase === 'ready'
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
        dir="auto"
        data-testid="composer-input"
        rows={1}
        aria-invalid={left < 0}
        aria-describedby="message-length"
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
      <span
        id="message-length"
        role="status"
        data-testid="composer-length"
        className={`self-center text-xs tabular-nums ${left < 0 ? 'text-danger' : 'text-ink-soft'}`}
      >
        {noteOfLength(left)}
      </span>
      <button type="submit" data-testid="composer-send" disabled={!ready} aria-label="Send" className="composer-send">
        <ArrowUp aria-hidden className="size-5" />
      </button>
    </form>
  )
}
