import { Check, Copy } from 'lucide-react'
import { useEffect, useRef, useState } from 'react'

/** Milliseconds for which the button says what it did. */
const SAID_FOR = 3000

/** A command for a shell, or a text to send; a button copies it, or selects it where a page must not copy. */
export function CopyableCommand({ command }: { readonly command: string }) {
  const code = useRef<HTMLElement>(null)
  const [said, setSaid] = useState('')
  useEffect(() => {
    if (said === '') return
    const timer = setTimeout(() => setSaid(''), SAID_FOR)
    return () => clearTimeout(timer)
  }, [said])
  const copy = async () => {
    try {
      // Not there on pages without HTTPS, whatever its type says.
      await navigator.clipboard.writeText(command)
      setSaid('Copied')
    } catch {
      if (code.current) getSelection()?.selectAllChildren(code.current)
      setSaid('Selected, to be copied by hand')
    }
  }
  return (
    <div className="command">
      <code ref={code} className="min-w-0 flex-1 py-2.5 wrap-anywhere">
        {command}
      </code>
      <span role="status" className="text-xs text-ink-soft">
        {said}
      </span>
      <button
        type="button"
        onClick={() => void copy()}
        aria-label={`Copy: ${command}`}
        title="Copy"
        className="button-icon"
      >
        {said === 'Copied' ? <Check aria-hidden className="size-4" /> : <Copy aria-hidden className="size-4" />}
      </button>
    </div>
  )
}
