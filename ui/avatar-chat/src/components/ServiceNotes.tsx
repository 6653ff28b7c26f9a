import { Download } from 'lucide-react'
import { useServices } from '../hooks/useServices'
import { useStore } from '../hooks/useStore'

/** What the services are fetching, in one line while it lasts; simpler engines serve meanwhile. */
export function ServiceNotes() {
  const notes = useStore(useServices().chat.serviceNotes.state)
  if (notes.length === 0) return null
  return (
    <p data-testid="service-notes" className="flex items-center gap-2 text-xs text-ink-soft tabular-nums">
      <Download aria-hidden className="size-3.5 shrink-0" />
      <span className="min-w-0 wrap-anywhere">{notes.join('; ')}</span>
    </p>
  )
}
