import { ImagePlus, LoaderCircle } from 'lucide-react'
import { useCharacter } from '../hooks/useCharacter'
import { useConversation } from '../hooks/useConversation'
import { useServices } from '../hooks/useServices'
import { useStore } from '../hooks/useStore'
import { Portrait } from './Portrait'

/** The characters, to choose one. The open conversation goes on with it. */
export function CharacterSelector({ onNew }: { readonly onNew: () => void }) {
  const { chat } = useServices()
  const { characters } = useStore(chat.lists.state)
  const maxFaces = useStore(chat.serverStatus.state)?.faces_per_person ?? 0
  const current = useCharacter()
  const making = useConversation()?.view.faces.filter(({ state }) => state === 'making') ?? []
  if (characters.length < 2 && maxFaces === 0) return null
  return (
    <div role="group" aria-label="Character" className="characters">
      {characters.map((character) => (
        <button
          key={character.id}
          type="button"
          data-testid={`character-${character.id}`}
          aria-pressed={character.id === current?.id}
          title={character.tagline}
          onClick={() => void chat.chooseCharacter(character.id)}
          className="character"
          style={{ '--own': character.accent } as React.CSSProperties}
        >
          <Portrait character={character} className="size-9 rounded-full" />
          <span className="pr-2 text-sm font-medium max-sm:sr-only">{character.name}</span>
        </button>
      ))}
      {making.map(({ character, name }) => (
        <span key={character} role="status" data-testid={`making-${character}`} className="character">
          <LoaderCircle aria-hidden className="m-1.5 size-6 motion-safe:animate-spin" />
          <span className="pr-2 text-sm">{name}</span>
        </span>
      ))}
      {maxFaces > 0 && (
        <button
          type="button"
          data-testid="new-face"
          onClick={onNew}
          className="button-icon"
          title="A face from a photo"
          aria-label="A face from a photo"
        >
          <ImagePlus aria-hidden className="size-5" />
        </button>
      )}
    </div>
  )
}
