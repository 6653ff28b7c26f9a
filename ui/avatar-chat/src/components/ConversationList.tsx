import { History, Search, Trash2, X } from 'lucide-react'
import { useRef, useState, type KeyboardEvent, type RefObject } from 'react'
import type { ConversationId, TurnId } from '../generated/events'
import { useHistorySearch } from '../hooks/useHistorySearch'
import { useServices } from '../hooks/useServices'
import { useStore } from '../hooks/useStore'
import { PERSON_FILE } from '../services/avatarClient'
import { timeLabel } from '../services/dates'
import { replayHash } from '../services/route'
import { Dialog } from './Dialog'
import { Portrait } from './Portrait'
import { SearchResults } from './SearchResults'

const LONGEST = 200

type Open = (conversation: ConversationId, turn?: TurnId) => void

/** Earlier conversations, to open one, and a search in all that was said in them. */
export function ConversationList({ onClose }: { readonly onClose: () => void }) {
  const { chat } = useServices()
  const [text, setText] = useState('')
  const search = useHistorySearch(text)
  const field = useRef<HTMLInputElement>(null)
  const rows = useRef<HTMLDivElement>(null)
  const open: Open = (conversation, turn) => {
    onClose()
    void chat.openConversation(conversation, turn ?? null)
  }
  return (
    <Dialog title="Conversations" className="dialog-side" onClose={onClose}>
      <div className="flex min-h-0 flex-1 flex-col" onKeyDown={(event) => moveFocus(event, field, rows)}>
        <SearchField
          field={field}
          text={text}
          onText={setText}
          onSubmit={() => rows.current?.querySelector('button')?.focus()}
        />
        <div ref={rows} className="flex min-h-0 flex-1 flex-col overflow-y-auto px-2 pt-1 pb-4">
          {search.phase === 'off' ? (
            <Conversations onOpen={open} onReplay={onClose} />
          ) : (
            <SearchResults search={search} text={text.trim()} onOpen={open} />
          )}
        </div>
      </div>
    </Dialog>
  )
}

/** The arrow keys go from the field to the rows below it, and back. */
function moveFocus(
  event: KeyboardEvent,
  field: RefObject<HTMLInputElement>,
  rows: RefObject<HTMLDivElement>,
): void {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key]
  if (step === undefined || event.nativeEvent.isComposing) return
  const stops: (HTMLElement | null)[] = [field.current, ...(rows.current?.querySelectorAll('button') ?? [])]
  const here = stops.findIndex((stop) => stop === document.activeElement)
  const next = here < 0 ? null : stops[here + step]
  if (!next) return
  event.preventDefault()
  next.focus()
}

interface FieldProps {
  readonly field: RefObject<HTMLInputElement>
  readonly text: string
  readonly onText: (text: string) => void
  readonly onSubmit: () => void
}

function SearchField({ field, text, onText, onSubmit }: FieldProps) {
  const clear = () => {
    onText('')
    field.current?.focus()
  }
  return (
    <form
      role="search"
      className="search"
      onSubmit={(event) => {
        event.preventDefault()
        onSubmit()
      }}
    >
      <Search aria-hidden className="ml-3 size-4 shrink-0 text-ink-soft" />
      <input
        ref={field}
        dir="auto"
        data-testid="history-search"
        aria-label="Search what was said"
        placeholder="Search what was said"
        enterKeyHint="search"
        autoComplete="off"
        maxLength={LONGEST}
        value={text}
        onChange={(event) => onText(event.target.value)}
      />
      {text !== '' && (
        <button type="button" onClick={clear} aria-label="Clear the search" className="button-icon">
          <X aria-hidden className="size-4" />
        </button>
      )}
    </form>
  )
}

interface ConversationsProps {
  readonly onOpen: Open
  readonly onReplay: () => void
}

function Conversations({ onOpen, onReplay }: ConversationsProps) {
  const { chat } = useServices()
  const { conversations, characters } = useStore(chat.lists.state)
  const { conversation } = useStore(chat.state)
  if (conversations.length === 0) {
    return (
      <p className="px-3 py-8 text-center text-ink-soft">None yet. They are kept here once you have said something.</p>
    )
  }
  return (
    <>
      <ul className="flex flex-col gap-0.5">
        {conversations.map(({ id, title, character, updated_at: updated, copied }) => {
          const face = characters.find((candidate) => candidate.id === character)
          return (
            <li key={id} className="flex items-center">
              <button
                type="button"
                aria-current={id === conversation?.id}
                onClick={() => onOpen(id)}
                className="conversation"
              >
                {face && <Portrait character={face} className="size-10 shrink-0 rounded-full" />}
                <span className="min-w-0 flex-1">
                  <span dir="auto" className="block truncate font-medium">{title || 'Untitled'}</span>
                  <span className="block truncate text-sm text-ink-soft">
                    {face ? `${face.name}, ` : ''}
                    {timeLabel(updated)}
                    {copied && (copied === 'rerun' ? ', re-run' : ', imported')}
                  </span>
                </span>
              </button>
              <a
                href={replayHash(id)}
                onClick={onReplay}
                className="button-icon"
                title="Replay"
                aria-label={`Replay: ${title || 'Untitled'}`}
              >
                <History aria-hidden className="size-5" />
              </a>
              <Erase title={title || 'Untitled'} onErase={() => void chat.eraseConversation(id)} />
            </li>
          )
        })}
      </ul>
      <YourData />
    </>
  )
}

/** Erases a conversation at the second click. */
function Erase({ title, onErase }: { readonly title: string; readonly onErase: () => void }) {
  const [sure, setSure] = useState(false)
  const erase = () => {
    setSure(!sure)
    if (sure) onErase()
  }
  return (
    <button
      type="button"
      data-testid="erase-conversation"
      onClick={erase}
      onBlur={() => setSure(false)}
      title={sure ? 'Click again to erase it for good' : 'Erase'}
      aria-label={sure ? `Erase for good: ${title}` : `Erase: ${title}`}
      className={sure ? 'button-link shrink-0 px-2 text-sm text-danger' : 'button-icon'}
    >
      {sure ? 'Erase?' : <Trash2 aria-hidden className="size-5" />}
    </button>
  )
}

/** All that is known of the person: as a file, or erased at the second click. */
function YourData() {
  const { chat } = useServices()
  const [sure, setSure] = useState(false)
  const erase = () => {
    setSure(!sure)
    if (sure) void chat.erasePerson()
  }
  return (
    <section aria-label="Your data" className="mt-auto flex flex-wrap gap-x-5 px-3 pt-4 text-sm">
      <a href={PERSON_FILE} download data-testid="person-file" className="button-link">
        Download all my data
      </a>
      <button
        type="button"
        data-testid="erase-person"
        onClick={erase}
        onBlur={() => setSure(false)}
        className={`button-link ${sure ? 'text-danger' : ''}`}
      >
        {sure ? 'Really erase everything, for good?' : 'Erase everything'}
      </button>
    </section>
  )
}
