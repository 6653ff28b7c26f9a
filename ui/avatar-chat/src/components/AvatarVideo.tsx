import { Volume2 } from 'lucide-react'
import { useEffect, useRef, useState } from 'react'
import { useStatus } from '../hooks/useStatus'
import { useWebRTC } from '../hooks/useWebRTC'
import type { Character } from '../services/avatarClient'
import { Portrait } from './Portrait'
import { StatusIndicator } from './StatusIndicator'

/** The face: the portrait, and the live picture as soon as it plays. */
export function AvatarVideo({ character }: { readonly character: Character }) {
  const { stream, phase } = useWebRTC().connection
  const status = useStatus()
  const video = useRef<HTMLVideoElement>(null)
  const [moving, setMoving] = useState(false)
  const [silent, setSilent] = useState(false)

  const play = () => {
    video.current?.play().then(
      () => setSilent(false),
      (error: unknown) => setSilent(error instanceof DOMException && error.name === 'NotAllowedError'),
    )
  }
  useEffect(() => {
    const element = video.current
    if (!element) return
    element.srcObject = stream
    if (stream) play()
  }, [stream])

  const lost = phase === 'reconnecting' || status.name === 'away'
  return (
    <div className="avatar" data-state={status.name}>
      <div className="avatar-glow" aria-hidden />
      <div className="avatar-frame">
        <Portrait character={character} className="absolute! inset-0 text-7xl" />
        <video
          ref={video}
          data-testid="avatar-video"
          aria-label={`${character.name}, live picture`}
          playsInline
          autoPlay
          disablePictureInPicture
          onPlaying={() => setMoving(true)}
          onEmptied={() => setMoving(false)}
          className={`absolute inset-0 size-full object-cover transition-[opacity,filter] duration-300 ${
            moving && stream ? 'opacity-100' : 'opacity-0'
          } ${lost ? 'brightness-75 saturate-50' : ''}`}
        />
        <div className="absolute inset-x-3 top-3 flex justify-start sm:inset-x-4 sm:top-4">
          <StatusIndicator status={status} />
        </div>
        {silent && stream && (
          <button type="button" onClick={play} className="button-solid absolute! inset-x-0 bottom-6 mx-auto w-fit">
            <Volume2 aria-hidden className="size-5" /> Tap for sound
          </button>
        )}
      </div>
    </div>
  )
}
