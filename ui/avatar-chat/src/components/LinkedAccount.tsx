import { useState } from 'react'
import type { LinkView } from '../generated/link_view'
import { useServices } from '../hooks/useServices'
import { useStore } from '../hooks/useStore'

const FORMS: readonly (readonly [LinkView['form'], string])[] = [
  ['same', 'As I ask: voice or text'],
  ['voice', 'Voice notes'],
  ['text', 'Text'],
  ['both', 'Voice notes and text'],
  ['video', 'Video of the face'],
]
const CHOICES = [
  ['echo', 'Show me what was understood of my voice notes'],
  ['mirror', 'Show there what is said elsewhere'],
] as const

interface Props {
  readonly link: LinkView
  /** Name of the channel. */
  readonly called: string
  /** Called before what has the focus goes away. */
  readonly onEnd: () => void
}

/** A linked account: where its talk goes on, how it is answered, and a button that ends the link. */
export function LinkedAccount({ link, called, onEnd }: Props) {
  const { channelLinks } = useServices().chat
  const { id, name, sender, form, reachable } = link
  return (
    <section data-testid="linked-account" aria-label={`${name || called}, linked`} className="channel-part">
      <div className="flex items-center gap-2">
        <p className="min-w-0 flex-1 truncate font-medium">
          <bdi>{name || called}</bdi> <span className="font-normal text-ink-soft tabular-nums">…{sender}</span>
        </p>
        <Unlink link={link} called={called} onEnd={onEnd} />
      </div>
      {!reachable && <p className="text-sm text-danger">You have blocked us there; nothing reaches you.</p>}
      <Place link={link} called={called} />
      <label className="mt-2 block">
        <span className="text-sm text-ink-soft">Answers there</span>
        <select
          value={form}
          onChange={(event) => void channelLinks.change(id, { form: event.target.value as LinkView['form'] })}
          className="input"
        >
          {FORMS.map(([value, words]) => (
            <option key={value} value={value}>
              {words}
            </option>
          ))}
        </select>
      </label>
      {CHOICES.map(([choice, words]) => (
        <label key={choice} className="mt-1 flex min-h-11 items-center gap-3 leading-snug">
          <input
            type="checkbox"
            checked={link[choice]}
            onChange={(event) => void channelLinks.change(id, { [choice]: event.target.checked })}
            className="size-5 shrink-0 accent-(--accent)"
          />
          {words}
        </label>
      ))}
    </section>
  )
}

/** The conversation in which the talk goes on there; a button takes it to the open one. */
function Place({ link: { id, conversation }, called }: Pick<Props, 'link' | 'called'>) {
  const { chat } = useServices()
  const open = useStore(chat.state).conversation?.id ?? null
  const { conversations } = useStore(chat.lists.state)
  if (conversation !== null && conversation === open) {
    return <p className="text-sm text-ink-soft">Goes on in this conversation.</p>
  }
  const title = conversations.find((one) => one.id === conversation)?.title
  const words = conversation === null ? 'Begins a new conversation.' : `Goes on in “${title || 'Untitled'}”.`
  return (
    <div className="flex flex-wrap items-center gap-x-4">
      <p className="w-full text-sm text-ink-soft wrap-anywhere">{words}</p>
      {conversation !== null && (
        <button type="button" onClick={() => void chat.openConversation(conversation)} className="button-link text-sm">
          Open it here
        </button>
      )}
      {open !== null && (
        <button
          type="button"
          onClick={() => void chat.channelLinks.change(id, { conversation: open })}
          aria-label={`Continue this conversation on ${called}`}
          className="button-link text-sm"
        >
          Continue this one there
        </button>
      )}
    </div>
  )
}

/** Ends the link at the second click. */
function Unlink({ link: { id, name }, called, onEnd }: Props) {
  const { channelLinks } = useServices().chat
  const [sure, setSure] = useState(false)
  const who = name || called
  const unlink = () => {
    setSure(!sure)
    if (!sure) return
    onEnd()
    void channelLinks.end(id)
  }
  return (
    <button
      type="button"
      onClick={unlink}
      onBlur={() => setSure(false)}
      aria-label={sure ? `Unlink ${who} for good` : `Unlink ${who}`}
      className={`button-link text-sm ${sure ? 'text-danger' : ''}`}
    >
      {sure ? 'Really unlink?' : 'Unlink'}
    </button>
  )
}
