import { CircleAlert, Info, X } from 'lucide-react'
import { useServices } from '../hooks/useServices'
import { useStore } from '../hooks/useStore'
import type { Notice } from '../services/notices'

/** The notices of one tone: problems have a place of their own, news lie over the page for some seconds. */
export function Notices({ tone: wanted }: Pick<Notice, 'tone'>) {
  const { notices } = useServices().chat
  const shown = useStore(notices.state).filter(({ tone }) => tone === wanted)
  return (
    <div className="notices" data-tone={wanted} aria-live="polite">
      {shown.map(({ id, tone, title, detail, action }) => (
        <div key={id} data-testid="notice" data-notice={id} className="notice" data-tone={tone}>
          {tone === 'problem' ? <CircleAlert aria-hidden /> : <Info aria-hidden />}
          <div className="min-w-0 flex-1">
            <p className="font-medium">{title}</p>
            <p dir="auto" className="mt-0.5 wrap-anywhere text-ink-soft">{detail}</p>
          </div>
          {/* Phones have the same button below the face, and no room for two. */}
          {action && (
            <button type="button" onClick={action.run} className="button-link shrink-0 max-sm:hidden">
              {action.label}
            </button>
          )}
          <button type="button" aria-label="Dismiss" onClick={() => notices.remove(id)} className="button-icon -mr-2">
            <X aria-hidden className="size-4" />
          </button>
        </div>
      ))}
    </div>
  )
}
