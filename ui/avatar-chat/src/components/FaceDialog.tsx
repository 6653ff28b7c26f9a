import { ImageUp, LoaderCircle, Trash2 } from 'lucide-react'
import { useEffect, useMemo, useState, type ChangeEvent, type SyntheticEvent } from 'react'
import { useConversation } from '../hooks/useConversation'
import { useServices } from '../hooks/useServices'
import { useStore } from '../hooks/useStore'
import { ApiError, type Traits } from '../services/avatarClient'
import type { Character } from '../services/avatarClient'
import { Dialog } from './Dialog'
import { Portrait } from './Portrait'

/** Makes a character of a photo. Stays open until it is made, or shows why it was refused. */
export function FaceDialog({ onClose }: { readonly onClose: () => void }) {
  const { chat } = useServices()
  const { characters } = useStore(chat.lists.state)
  const maxFaces = useStore(chat.serverStatus.state)?.faces_per_person ?? 0
  const faces = useConversation()?.view.faces
  const [asked, setAsked] = useState<string | null>(null)
  const [error, setError] = useState<string | null>(null)
  const own = characters.filter((character) => character.own)
  const outcome = faces?.find(({ character }) => character === asked)
  const made = asked !== null && (outcome ? outcome.state === 'made' : own.some(({ id }) => id === asked))
  const refused = outcome?.state === 'refused'
  useEffect(() => {
    if (made) onClose()
  }, [made, onClose])
  useEffect(() => {
    if (refused) chat.notices.remove('face') // the dialog shows it
  }, [refused, chat])
  const ask = async (photo: Blob, traits: Traits) => {
    setError(null)
    setAsked(null)
    try {
      setAsked(await chat.requestFace(photo, traits))
    } catch (problem) {
      if (!(problem instanceof ApiError)) throw problem
      setError(problem.status === 0 ? 'The server cannot be reached.' : problem.message)
    }
  }
  return (
    <Dialog title="A face from a photo" className="dialog-centre overflow-y-auto" onClose={onClose}>
      <FaceForm
        full={own.length >= maxFaces}
        maxFaces={maxFaces}
        making={asked !== null && !refused}
        problem={error ?? outcome?.error ?? null}
        onAsk={ask}
      />
      {own.length > 0 && (
        <section className="border-t border-line px-5 py-3" aria-label="Your faces">
          <ul className="flex flex-col gap-1">
            {own.map((character) => (
              <Own key={character.id} character={character} />
            ))}
          </ul>
        </section>
      )}
    </Dialog>
  )
}

interface FormProps {
  readonly full: boolean
  readonly maxFaces: number
  readonly making: boolean
  readonly problem: string | null
  readonly onAsk: (photo: Blob, traits: Traits) => Promise<void>
}

function FaceForm({ full, maxFaces, making, problem, onAsk }: FormProps) {
  const [photo, setPhoto] = useState<File | null>(null)
  const [sending, setSending] = useState(false)
  const busy = sending || making
  const submit = (event: SyntheticEvent<HTMLFormElement>) => {
    event.preventDefault()
    const form = new FormData(event.currentTarget)
    const text = (name: string) => (form.get(name) as string).trim()
    if (!photo) return
    setSending(true)
    const voice = text('voice') === 'male' ? 'male' : 'female'
    void onAsk(photo, { name: text('name'), voice, personality: text('personality') }).finally(() => setSending(false))
  }
  if (full) {
    return <p className="px-5 pb-5 text-ink-soft">You have {maxFaces} faces of your own. Remove one to make another.</p>
  }
  return (
    <form onSubmit={submit} className="flex flex-col gap-4 px-5 pb-5" data-testid="face-form">
      <div className="flex items-center gap-4">
        <PhotoField photo={photo} onPhoto={setPhoto} disabled={busy} />
        <div className="flex min-w-0 flex-1 flex-col gap-3">
          <label className="block">
            <span className="text-sm text-ink-soft">Name</span>
            <input name="name" required maxLength={40} autoComplete="off" disabled={busy} className="input" />
          </label>
          <label className="block">
            <span className="text-sm text-ink-soft">Voice</span>
            <select name="voice" disabled={busy} className="input">
              <option value="female">Female</option>
              <option value="male">Male</option>
            </select>
          </label>
        </div>
      </div>
      <label className="block">
        <span className="text-sm text-ink-soft">Who they are (optional)</span>
        <textarea
          name="personality"
          maxLength={2000}
          rows={2}
          disabled={busy}
          placeholder="You are a patient teacher who loves the sea."
          className="input"
        />
      </label>
      {problem !== null && (
        <p role="alert" data-testid="face-problem" className="wrap-anywhere text-danger first-letter:uppercase">
          {problem}
        </p>
      )}
      <p className="text-sm text-ink-soft">
        One face, from the front. Use a photo of yourself, or of somebody who agreed. Only you will see this character.
      </p>
      <button type="submit" disabled={busy || !photo} className="button-solid self-start disabled:opacity-50">
        {busy && <LoaderCircle aria-hidden className="size-4 motion-safe:animate-spin" />}
        {sending ? 'Sending the photo' : making ? 'Making the face' : 'Make this face'}
      </button>
    </form>
  )
}

interface PhotoProps {
  readonly photo: File | null
  readonly disabled: boolean
  readonly onPhoto: (photo: File | null) => void
}

function PhotoField({ photo, disabled, onPhoto }: PhotoProps) {
  const url = useMemo(() => (photo ? URL.createObjectURL(photo) : null), [photo])
  useEffect(() => {
    if (url !== null) return () => URL.revokeObjectURL(url)
    return undefined
  }, [url])
  // HEIC, in most browsers: it can be sent, but not shown.
  const [unshown, setUnshown] = useState<string | null>(null)
  const pick = ({ target }: ChangeEvent<HTMLInputElement>) => onPhoto(target.files?.[0] ?? null)
  return (
    <label className="photo" data-empty={!photo}>
      {url !== null && url !== unshown ? (
        <img src={url} alt="The photo" className="size-full object-cover" onError={() => setUnshown(url)} />
      ) : photo !== null ? (
        <span className="break-all p-2 text-center text-sm">{photo.name}</span>
      ) : (
        <span className="flex flex-col items-center gap-1 text-sm">
          <ImageUp aria-hidden className="size-7" />
          Choose a photo
        </span>
      )}
      <input
        type="file"
        // Listed one by one, so that phones convert a picture of another type.
        accept="image/jpeg,image/png,image/webp,image/gif,image/bmp,image/avif,image/heic,.heic"
        aria-label="Photo"
        disabled={disabled}
        onChange={pick}
        className="sr-only"
      />
    </label>
  )
}

/** A character of the person's own, with a button that removes it at the second click: that cannot be undone. */
function Own({ character }: { readonly character: Character }) {
  const { chat } = useServices()
  const [sure, setSure] = useState(false)
  const remove = () => {
    if (sure) void chat.removeCharacter(character.id)
    else setSure(true)
  }
  return (
    <li className="flex items-center gap-3">
      <Portrait character={character} className="size-9 shrink-0 rounded-full" />
      <span className="min-w-0 flex-1 truncate">{character.name}</span>
      <button
        type="button"
        onClick={remove}
        onBlur={() => setSure(false)}
        aria-label={sure ? `Remove ${character.name} for good` : `Remove ${character.name}`}
        className={sure ? 'button-link text-danger' : 'button-icon'}
      >
        {sure ? 'Remove for good?' : <Trash2 aria-hidden className="size-4" />}
      </button>
    </li>
  )
}
