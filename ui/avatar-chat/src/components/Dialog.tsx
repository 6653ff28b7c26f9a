import { X } from 'lucide-react'
import { useEffect, useRef, type ReactNode } from 'react'

interface Props {
  readonly title: string
  readonly className?: string
  readonly onClose: () => void
  readonly children: ReactNode
}

/** A modal dialog: the browser's own, with its focus trap and Escape. Rendered only while it is open. */
export function Dialog({ title, className = '', onClose, children }: Props) {
  const dialog = useRef<HTMLDialogElement>(null)
  useEffect(() => {
    dialog.current?.showModal()
  }, [])
  return (
    <dialog
      ref={dialog}
      aria-label={title}
      onClose={onClose}
      onClick={(event) => {
        // A click on the backdrop has the dialog as its target; the content is inside the div.
        if (event.target === event.currentTarget) event.currentTarget.close()
      }}
      className={`dialog ${className}`}
    >
      <div className="flex max-h-[inherit] min-h-full flex-col">
        <div className="flex items-center justify-between py-3 pr-3 pl-5">
          <h2 className="text-lg font-semibold">{title}</h2>
          <button type="button" aria-label="Close" onClick={() => dialog.current?.close()} className="button-icon">
            <X aria-hidden className="size-5" />
          </button>
        </div>
        {children}
      </div>
    </dialog>
  )
}
