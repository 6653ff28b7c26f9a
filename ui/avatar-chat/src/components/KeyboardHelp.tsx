import { useServices } from '../hooks/useServices'
import { useStore } from '../hooks/useStore'
import { Dialog } from './Dialog'

const KEYS = [
  ['M', 'Mute or unmute the microphone'],
  ['Space', 'Talk while muted, as long as it is held'],
  ['Esc', 'Stop the answer'],
  ['C', 'Captions on or off'],
  ['D', 'How long each step takes'],
  ['Enter', 'Send the message'],
  ['?', 'This list'],
] as const

export function KeyboardHelp({ onClose }: { readonly onClose: () => void }) {
  const { preferences } = useServices()
  const { shortcuts } = useStore(preferences.state)
  return (
    <Dialog title="Keys" className="dialog-centre" onClose={onClose}>
      <dl className="grid grid-cols-[auto_1fr] items-center gap-x-5 gap-y-2.5 px-5 pb-5">
        {KEYS.map(([key, effect]) => (
          <div key={key} className="contents">
            <dt>
              <kbd className="key">{key}</kbd>
            </dt>
            <dd className="text-ink-soft">{effect}</dd>
          </div>
        ))}
      </dl>
      <label className="flex min-h-11 items-center gap-3 border-t border-line px-5 py-3">
        <input
          type="checkbox"
          checked={shortcuts}
          onChange={() => preferences.toggle('shortcuts')}
          className="size-5 accent-(--accent)"
        />
        Use keys of one letter
      </label>
    </Dialog>
  )
}
