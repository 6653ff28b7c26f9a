import { useCharacter } from '../hooks/useCharacter'
import { useServices } from '../hooks/useServices'
import { useStore } from '../hooks/useStore'
import { channelName } from '../services/channelNames'
import { voiceCommands, type PhraseLanguage } from '../services/voiceCommands'
import { Dialog } from './Dialog'
import { SignedIn } from './SignIn'

const KEYS = [
  ['M', 'Mute or unmute the microphone'],
  ['Space', 'Talk while muted, as long as it is held; in a call Enter presses buttons'],
  ['Esc', 'Stop the answer'],
  ['C', 'Captions on or off'],
  ['D', 'How long each step takes'],
  ['Enter', 'Send the message'],
  ['?', 'This list'],
] as const

/** What can be said, and the keys. */
export function HelpDialog({ onClose }: { readonly onClose: () => void }) {
  const german = useCharacter()?.language.toLowerCase().startsWith('de') ?? false
  return (
    <Dialog title="Help" className="dialog-centre" onClose={onClose}>
      <div className="min-h-0 overflow-y-auto">
        <section aria-labelledby="what-you-can-say" className="px-5 pb-5">
          <h3 id="what-you-can-say" className="font-semibold">
            What you can say
          </h3>
          <p className="mt-1 mb-3 text-sm text-ink-soft">Or write. Anything else is a part of the conversation.</p>
          <Phrases language={german ? 'de' : 'en'} />
          <details className="mt-3">
            <summary className="min-h-11 py-2.5 text-sm font-medium">{german ? 'In English' : 'In German'}</summary>
            <p data-testid="phrases-when" className="mb-3 text-sm text-ink-soft">
              {german
                ? 'These are understood in every conversation.'
                : 'These are understood with a character that speaks German, and once you write in German.'}
            </p>
            <Phrases language={german ? 'en' : 'de'} />
          </details>
        </section>
        <Elsewhere />
        <SignedIn />
        <Keys />
      </div>
    </Dialog>
  )
}

function Phrases({ language }: { readonly language: PhraseLanguage }) {
  const current = useCharacter()
  const { characters } = useStore(useServices().chat.lists.state)
  const other = characters.find(({ id }) => id !== current?.id)?.name ?? 'Ada'
  return (
    <dl data-testid={`phrases-${language}`} className="grid grid-cols-2 gap-x-5 gap-y-2">
      {voiceCommands(language, other).map(({ command, effect, phrases }) => (
        <div key={command} className="contents">
          <dt lang={language}>{phrases.map((phrase) => `“${phrase}”`).join(', ')}</dt>
          <dd className="text-ink-soft">{effect}</dd>
        </div>
      ))}
    </dl>
  )
}

/** Where else one can talk, or that it can be set up. */
function Elsewhere() {
  const channels = useStore(useServices().chat.serverStatus.state)?.channels ?? []
  const names = new Intl.ListFormat('en').format(channels.map(channelName))
  return (
    <section aria-labelledby="elsewhere" data-testid="help-elsewhere" className="border-t border-line px-5 py-4">
      <h3 id="elsewhere" className="font-semibold">
        Elsewhere
      </h3>
      <p className="mt-1 text-sm text-ink-soft">
        {channels.length > 0
          ? `You can go on by voice notes or in writing: ${names}. Link it under “Channels”, at the top.`
          : 'Channels such as Telegram can be set up on this server, to go on there by voice notes: docs/channels.md.'}
      </p>
    </section>
  )
}

/** Not on devices without a keyboard. */
function Keys() {
  const { preferences } = useServices()
  const { shortcuts } = useStore(preferences.state)
  return (
    <section aria-labelledby="keys" className="border-t border-line pt-4 pointer-coarse:hidden">
      <h3 id="keys" className="mb-3 px-5 font-semibold">
        Keys
      </h3>
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
    </section>
  )
}
