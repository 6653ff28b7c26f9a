import { Hourglass, VolumeX } from 'lucide-react'
import { useState } from 'react'
import { useReplay } from '../../hooks/useReplay'
import { useStore } from '../../hooks/useStore'

/** What is missing of the conversation, in words. Whoever has read it may put it away. */
export function ReplayNotices() {
  const { view, player } = useReplay()
  const { lostSounds, lostPictures, blocked } = useStore(player.state)
  const [read, setRead] = useState('')
  const lines = [
    // Of a conversation that was only written there are neither sounds nor pictures, and none to miss.
    view.clips.length > 0 &&
      view.sounds === 'none' &&
      'The sounds of this conversation have expired; its words and times are here.',
    view.sounds === 'some' && 'Some sounds of this conversation have expired.',
    hasCharacter(view.clips) &&
      view.pictures === 'none' &&
      `${neverDrawn(view.clips) ? 'Its answers were not drawn' : 'Its pictures have expired'}; you see the idle face.`,
    view.pictures === 'some' && 'Some of its pictures have expired; you see the idle face there.',
    lostSounds > 0 && `${lostSounds === 1 ? 'A sound' : `${lostSounds} sounds`} could not be loaded and was left out.`,
    lostPictures > 0 && 'Some pictures could not be loaded.',
    blocked && 'The browser wants a click on Play before it plays sound.',
  ].filter((line) => typeof line === 'string')
  const text = lines.join(' ')
  return (
    <div role="status" className="replay-notices">
      {text !== '' && text !== read && (
        <div className="replay-notice" data-testid="replay-notice">
          {blocked || view.sounds !== 'all' ? (
            <VolumeX aria-hidden className="size-4 shrink-0" />
          ) : (
            <Hourglass aria-hidden className="size-4 shrink-0" />
          )}
          <span>{text}</span>
          <button type="button" onClick={() => setRead(text)} className="button-link min-h-8!">
            OK
          </button>
        </div>
      )}
    </div>
  )
}

function hasCharacter(clips: readonly { readonly kind: string }[]): boolean {
  return clips.some(({ kind }) => kind === 'character')
}

/** Voice notes are answered without a face, so there is none that could have expired. */
function neverDrawn(clips: readonly { readonly missing: string }[]): boolean {
  return !clips.some(({ missing }) => missing.includes('its pictures have expired'))
}
