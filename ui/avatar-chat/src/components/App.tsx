import { ChevronUp } from 'lucide-react'
import { useCallback, useEffect, useMemo, useState } from 'react'
import { useCharacter } from '../hooks/useCharacter'
import { useConversation } from '../hooks/useConversation'
import { useServices } from '../hooks/useServices'
import { useShortcuts } from '../hooks/useShortcuts'
import { useStore } from '../hooks/useStore'
import { useWebRTC } from '../hooks/useWebRTC'
import type { Character } from '../services/avatarClient'
import { readable } from '../services/colour'
import { AvatarVideo } from './AvatarVideo'
import { Captions } from './Captions'
import { ChannelsDialog } from './ChannelsDialog'
import { CharacterSelector } from './CharacterSelector'
import { Composer } from './Composer'
import { ConversationList } from './ConversationList'
import { EnginesDialog } from './EnginesDialog'
import { FaceDialog } from './FaceDialog'
import { Header } from './Header'
import { HelpDialog } from './HelpDialog'
import { Notices } from './Notices'
import { Readout } from './Readout'
import { Transcript } from './Transcript'
import { VoiceControls } from './VoiceControls'

type Open = 'list' | 'help' | 'face' | 'engines' | 'channels' | null

/** The page. */
export function App() {
  const { chat, preferences } = useServices()
  const { readout } = useStore(preferences.state)
  const character = useCharacter()
  const [open, setOpen] = useState<Open>(null)
  const close = useCallback(() => setOpen(null), [])
  useEffect(() => chat.start(), [chat])
  useKeys(() => setOpen('help'))
  useEffect(() => {
    if (open !== null) chat.call.microphone.hold(false) // the dialog has the keys now
  }, [open, chat])
  useAccent(character)
  return (
    <div className="page">
      <a href="#message" className="skip">
        Skip to the message box
      </a>
      <Header
        onList={() => setOpen('list')}
        onEngines={() => setOpen('engines')}
        onChannels={() => setOpen('channels')}
        onHelp={() => setOpen('help')}
      />
      <main className="stage">
        {readout && <Readout />}
        <CharacterSelector onNew={() => setOpen('face')} />
        <Notices tone="problem" />
        {character ? <Face character={character} /> : <NoCharacter />}
        <Notices tone="news" />
      </main>
      <Conversation character={character} />
      {open === 'list' && <ConversationList onClose={() => setOpen(null)} />}
      {open === 'face' && <FaceDialog onClose={close} />}
      {open === 'engines' && <EnginesDialog onClose={close} />}
      {open === 'channels' && <ChannelsDialog onClose={close} />}
      {open === 'help' && <HelpDialog onClose={() => setOpen(null)} />}
    </div>
  )
}

function Face({ character }: { readonly character: Character }) {
  const { mode } = useWebRTC()
  return (
    <>
      <div className="face">
        <AvatarVideo character={character} />
      </div>
      {mode === 'none' ? (
        <div className="introduction">
          <h2 dir="auto" className="text-2xl font-semibold tracking-tight sm:text-3xl">{character.name}</h2>
          <p lang={character.language} dir="auto" className="text-balance text-ink-soft">
            {character.tagline}
          </p>
        </div>
      ) : (
        <Captions />
      )}
      <VoiceControls name={character.name} />
    </>
  )
}

/** In place of the face, until the list of characters is loaded. */
function NoCharacter() {
  const { phase } = useStore(useServices().chat.state)
  const words = phase === 'ready' ? 'There is no character to talk to. The server has none yet.' : 'Connecting'
  return (
    <div className="grid flex-1 place-items-center">
      <p role="status" data-testid="status" data-state={phase === 'away' ? 'away' : 'connecting'} className="status">
        {phase === 'away' ? 'Server away, trying again' : words}
      </p>
    </div>
  )
}

/** Transcript and text box: a panel beside the face, on phones a sheet that can be drawn up. */
function Conversation({ character }: { readonly character: Character | null }) {
  const [up, setUp] = useState(false)
  const { target, unvoiced } = useStore(useServices().chat.state)
  const [shown, setShown] = useState({ target, unvoiced })
  if (target !== shown.target || unvoiced !== shown.unvoiced) {
    setShown({ target, unvoiced })
    const isFound = target !== null && target !== shown.target
    // Nobody will hear the answer, and no caption will show it.
    const isToRead = unvoiced !== null && unvoiced !== shown.unvoiced
    if (isFound || isToRead) setUp(true)
  }
  const turns = useConversation()?.view.turns.length ?? 0
  return (
    <aside className="panel" data-up={up} aria-label="Conversation">
      <button type="button" aria-expanded={up} onClick={() => setUp(!up)} className="handle">
        <ChevronUp aria-hidden className={`size-4 transition-transform ${up ? 'rotate-180' : ''}`} />
        {up ? 'Hide the transcript' : turns > 0 ? 'Transcript' : 'Conversation'}
      </button>
      <div className="panel-body">
        <Transcript character={character} />
      </div>
      <Composer name={character?.name ?? 'the avatar'} />
    </aside>
  )
}

function useKeys(onHelp: () => void): void {
  const { chat, preferences } = useServices()
  const { shortcuts } = useStore(preferences.state)
  const { microphone } = chat.call
  const keys = useMemo(
    () => ({
      m: () => microphone.setMuted(!microphone.state.get().muted),
      c: () => preferences.toggle('captions'),
      d: () => preferences.toggle('readout'),
      escape: () => void chat.interrupt(),
      '?': onHelp,
    }),
    // onHelp only calls a setter of state, which never changes.
    // eslint-disable-next-line react-hooks/exhaustive-deps
    [chat, preferences, microphone],
  )
  const onHold = useMemo(() => (held: boolean) => microphone.hold(held), [microphone])
  const canHold = useMemo(() => () => microphone.state.get().track !== null, [microphone])
  useShortcuts({ keys, onHold, canHold, letters: shortcuts })
}

/** The page takes on the colour of the character. */
function useAccent(character: Character | null): void {
  const accent = character?.accent
  useEffect(() => {
    if (!accent) return
    const { style } = document.documentElement
    style.setProperty('--accent', accent)
    const { background, text } = readable(accent)
    style.setProperty('--solid', background)
    style.setProperty('--on-solid', text)
  }, [accent])
}
