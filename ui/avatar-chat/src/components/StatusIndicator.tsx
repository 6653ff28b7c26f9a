import type { Status } from '../services/status'

/** The status in words; the dot only repeats it. */
export function StatusIndicator({ status }: { readonly status: Status }) {
  return (
    <div role="status" data-testid="status" data-state={status.name} className="status">
      <span aria-hidden className="status-dot">
        <i />
        <i />
        <i />
      </span>
      {status.words}
    </div>
  )
}
