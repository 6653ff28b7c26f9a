import { useStore } from '../hooks/useStore'
import { useCharacter, useTab } from '../hooks/useVisit'
import { Portrait } from './Portrait'

/** Whom to talk to. The conversation goes on when somebody else is chosen. */
export function CharacterSelector() {
  const { visit } = useTab()
  const { characters } = useStore(visit.catalogue.state)
  const current = useCharacter()
  if (characters.length < 2) return null
  return (
    <div role="group" aria-label="Character" className="characters">
      {characters.map((character) => (
        <button
          key={character.id}
          type="button"
          data-testid={`character-${character.id}`}
          aria-pressed={character.id === current?.id}
          title={character.tagline}
          onClick={() => void visit.choose(character.id)}
          className="character"
          style={{ '--own': character.accent } as React.CSSProperties}
        >
          <Portrait character={character} className="size-9 rounded-full" />
          <span className={`pr-2 text-sm font-medium ${character.id === current?.id ? '' : 'max-sm:sr-only'}`}>
            {character.name}
          </span>
        </button>
      ))}
    </div>
  )
}
