import type { ConversationId, TurnId } from '../generated/events'
import type { HistorySearch } from '../hooks/useHistorySearch'
import type { SearchHit } from '../services/avatarClient'
import { timeLabel } from '../services/dates'
import { excerptParts } from '../services/excerpt'

interface Props {
  readonly search: HistorySearch
  /** The words that are searched for. */
  readonly text: string
  readonly onOpen: (conversation: ConversationId, turn: TurnId) => void
}

/** The turns in which the words were said, best first. */
export function SearchResults({ search: { phase, hits }, text, onOpen }: Props) {
  return (
    <>
      <p role="status" className={phase === 'done' && hits.length > 0 ? 'sr-only' : 'search-status'}>
        {phase === 'searching' && hits.length === 0 && 'Searching'}
        {phase === 'failed' && 'The search does not answer. Try again in a moment.'}
        {phase === 'done' && (hits.length === 0 ? `Nothing found for “${text}”.` : `${hits.length} found`)}
      </p>
      <ul className="flex flex-col gap-0.5">
        {hits.map((hit) => (
          <li key={`${hit.conversation} ${hit.turn}`}>
            <button
              type="button"
              data-testid="search-hit"
              onClick={() => onOpen(hit.conversation, hit.turn)}
              className="conversation"
            >
              <Hit hit={hit} />
            </button>
          </li>
        ))}
      </ul>
    </>
  )
}

function Hit({ hit: { title, at, excerpt } }: { readonly hit: SearchHit }) {
  return (
    <span className="min-w-0 flex-1">
      <span className="flex items-baseline justify-between gap-3 text-sm text-ink-soft">
        <span dir="auto" className="truncate">{title || 'Untitled'}</span>
        <span className="shrink-0">{timeLabel(at)}</span>
      </span>
      <span dir="auto" className="mt-0.5 line-clamp-3 wrap-anywhere">
        {excerptParts(excerpt).map(({ text, found }, place) =>
          found ? (
            <mark key={place} className="found">
              {text}
            </mark>
          ) : (
            text
          ),
        )}
      </span>
    </span>
  )
}
