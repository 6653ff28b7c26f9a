import { useStore } from '../hooks/useStore'
import { useServices } from '../hooks/useServices'
import { timeLabel } from '../services/dates'
import { Dialog } from './Dialog'
import { Portrait } from './Portrait'

/** Earlier conversations, to go on with one. */
export function ConversationList({ onClose }: { readonly onClose: () => void }) {
  const { chat } = useServices()
  const { conversations, characters } = useStore(chat.lists.state)
  const { conversation } = useStore(chat.state)
  const open = (id: string) => {
    onClose()
    void chat.openConversation(id)
  }
  return (
    <Dialog title="Conversations" className="dialog-side" onClose={onClose}>
      {conversations.length === 0 && (
        <p className="px-5 py-8 text-center text-ink-soft">
          None yet. They are kept here once you have said something.
        </p>
      )}
      <ul className="flex min-h-0 flex-1 flex-col gap-0.5 overflow-y-auto px-2 pb-4">
        {conversations.map(({ id, title, character, updated_at: updated }) => {
          const face = characters.find((candidate) => candidate.id === character)
          return (
            <li key={id}>
              <button
                type="button"
                aria-current={id === conversation?.id}
                onClick={() => open(id)}
                className="conversation"
              >
                {face && <Portrait character={face} className="size-10 shrink-0 rounded-full" />}
                <span className="min-w-0 flex-1">
                  <span className="block truncate font-medium">{title || 'Untitled'}</span>
                  <span className="block truncate text-sm text-ink-soft">
                    {face ? `${face.name}, ` : ''}
                    {timeLabel(updated)}
                  </span>
                </span>
              </button>
            </li>
          )
        })}
      </ul>
    </Dialog>
  )
}
