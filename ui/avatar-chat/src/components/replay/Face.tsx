import { Hourglass } from 'lucide-react'
import { useCallback, useEffect, useRef, useState } from 'react'
import type { ReplayClip } from '../../generated/replay'
import { useAt, useReplay, useSpeaker } from '../../hooks/useReplay'
import { useStore } from '../../hooks/useStore'
import type { MediaElement } from '../../services/replay/deck'
import { soundingAt, turnAt } from '../../services/replay/moments'
import { Portrait } from '../Portrait'

type Doing = 'speaking' | 'hearing' | 'thinking' | 'idle'

/** Who does what at a moment. */
function useDoing(): Doing {
  const { view, personClips, characterClips } = useReplay()
  return useAt((at) => {
    if (soundingAt(characterClips, at)) return 'speaking'
    if (soundingAt(personClips, at)) return 'hearing'
    const turn = view.turns[turnAt(view.turns, at)]
    if (!turn || at < turn.start || at > turn.end) return 'idle'
    const isAnswered = characterClips.some((clip) => clip.turn === turn.id && clip.start <= at)
    return isAnswered ? 'idle' : 'thinking'
  })
}

/** What a portrait needs to know of nobody in particular. */
const NOBODY = { tagline: '', greeting: '', language: '', own: false }

/** Two elements that a player shows pictures on. */
function useElements(show: (elements: readonly [HTMLVideoElement, HTMLVideoElement]) => () => void) {
  const first = useRef<HTMLVideoElement>(null)
  const second = useRef<HTMLVideoElement>(null)
  useEffect(() => (first.current && second.current ? show([first.current, second.current]) : undefined), [show])
  return [first, second] as const
}

/** The face as it was: the pictures of the clip under way; between clips, and without pictures, the silent face. */
export function Face() {
  const { player, client, characterClips } = useReplay()
  const { id, name, accent } = useSpeaker()
  const doing = useDoing()
  const clip = useAt((at) => soundingAt(characterClips, at))
  const speaking = useElements(useCallback((elements) => player.show(elements), [player]))
  const silent = useElements(useCallback((elements) => player.showFace(elements), [player]))
  const shown = useStore(player.picture)
  const face = useStore(player.face)
  return (
    <div className="avatar" data-state={doing}>
      <div className="avatar-glow" aria-hidden />
      <div className="avatar-frame">
        <Portrait
          key={id}
          character={{ ...NOBODY, id, name, accent, portrait: client.portraitUrl(id) }}
          className="absolute! inset-0 text-7xl"
        />
        {silent.map((video, place) => (
          <Picture key={`silent ${place}`} video={video} shown={face} label={`${name}, silent`} testid="replay-face" />
        ))}
        {speaking.map((video, place) => (
          <Picture key={place} video={video} shown={shown} label={`${name}, as it was`} testid="replay-picture" />
        ))}
        <div className="absolute inset-x-3 top-3 flex flex-wrap justify-between gap-2 sm:inset-x-4 sm:top-4">
          <p className="status" data-state={doing} data-testid="replay-doing">
            <span className="status-dot" aria-hidden>
              <i /><i /><i />
            </span>
            {words(doing, name)}
          </p>
          {clip && <Missing clip={clip} />}
        </div>
      </div>
    </div>
  )
}

function words(doing: Doing, name: string): string {
  switch (doing) {
    case 'speaking':
      return `${name} speaks`
    case 'hearing':
      return 'The person speaks'
    case 'thinking':
      return `${name} thinks`
    case 'idle':
      return 'Silence'
  }
}

/** Says that this sentence has no pictures or no sound any more. */
function Missing({ clip }: { readonly clip: ReplayClip }) {
  if (clip.pictures && clip.sound) return null
  return (
    <p className="status replay-missing" data-testid="replay-missing">
      <Hourglass aria-hidden className="size-3.5 shrink-0" />
      {clip.missing ? clip.missing.slice(0, 1).toUpperCase() + clip.missing.slice(1) : 'Its pictures are missing'}
    </p>
  )
}

interface PictureProps {
  readonly video: React.RefObject<HTMLVideoElement>
  readonly shown: MediaElement | null
  readonly label: string
  readonly testid: string
}

function Picture({ video, shown, label, testid }: PictureProps) {
  const [ready, setReady] = useState<HTMLVideoElement | null>(null)
  const isShown = shown !== null && ready === shown
  return (
    <video
      ref={video}
      muted
      playsInline
      disablePictureInPicture
      aria-label={label}
      aria-hidden={!isShown}
      data-testid={testid}
      onLoadedData={(event) => setReady(event.currentTarget)}
      onEmptied={() => setReady(null)}
      className={`replay-video ${isShown ? '' : 'opacity-0'}`}
    />
  )
}
