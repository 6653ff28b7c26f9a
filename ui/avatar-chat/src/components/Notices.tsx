import { CircleAlert, Info, X } from 'lucide-react'
import { useStore } from '../hooks/useStore'
import { useTab } from '../hooks/useVisit'

/** What is wrong and what to do about it; never in the way of what still works. */
export function Notices() {
  const { notices } = useTab().visit
  return (
    <div className="notices" aria-live="polite">
      {useStore(notices.state).map(({ id, tone, title, detail, action }) => (
        <div key={id} data-testid="notice" data-notice={id} className="notice" data-tone={tone}>
          {tone === 'problem' ? <CircleAlert aria-hidden /> : <Info aria-hidden />}
          <div className="min-w-0 flex-1">
            <p className="font-medium">{title}</p>
            <p className="mt-0.5 text-sm wrap-anywhere text-ink-soft">{detail}</p>
            {action && (
              <button type="button" onClick={action.run} className="button-link mt-1">
                {action.label}
              </button>
            )}
          </div>
          <button type="button" aria-label="Dismiss" onClick={() => notices.remove(id)} className="button-icon -m-2">
            <X aria-hidden className="size-4" />
          </button>
        </div>
      ))}
    </div>
  )
}
