import { Dialog } from '../Dialog'

const KEYS = [
  ['Space', 'Play or pause'],
  ['← →', 'Five seconds back or forward'],
  ['Shift ← →', 'The turn before or after'],
  [', .', 'The event before or after'],
  ['< >', 'Slower or faster'],
  ['S', 'Skip the silences'],
  ['C', 'Captions on or off'],
  ['Home End', 'The start or the end'],
  ['Esc', 'Close the event'],
] as const

/** The keys of a replay. */
export function ReplayHelp({ onClose }: { readonly onClose: () => void }) {
  return (
    <Dialog title="Keys" className="dialog-centre" onClose={onClose}>
      <dl className="grid min-h-0 grid-cols-[auto_1fr] items-center gap-x-5 gap-y-2.5 overflow-y-auto px-5 pb-5">
        {KEYS.map(([key, effect]) => (
          <div key={key} className="contents">
            <dt>
              <kbd className="key">{key}</kbd>
            </dt>
            <dd className="text-ink-soft">{effect}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  )
}
