import { Download } from 'lucide-react'
import { useServices } from '../hooks/useServices'
import { useStore } from '../hooks/useStore'
import { engineBadge } from '../services/engineBadge'

/** What answers, in a word or two, quietly; opens the dialog that says it in full. */
export function EngineBadge({ onOpen }: { readonly onOpen: () => void }) {
  const status = useStore(useServices().chat.serverStatus.state)
  if (!status) return null
  const { name, words, brief } = engineBadge(status)
  return (
    <button
      type="button"
      data-testid="engine-badge"
      data-state={name}
      aria-haspopup="dialog"
      aria-label={`${words}: what is in use, and what would be better`}
      title="What is in use, and what would be better"
      onClick={onOpen}
      className="badge"
    >
      <span className="badge-pill">
        {name === 'fetching' && <Download aria-hidden className="size-3.5 shrink-0" />}
        <span className="truncate max-sm:hidden">{words}</span>
        <span className="sm:hidden">{brief}</span>
      </span>
    </button>
  )
}
