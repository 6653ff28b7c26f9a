/** The client of the gateway's replay of past conversations (docs/api.md, "Replay"). */

import type { CharacterId, ConversationId, EventId, TurnId } from '../../generated/events'
import type { ReplayEvent, ReplayEventDetail, ReplayView } from '../../generated/replay'
import { AvatarClient } from '../avatarClient'

/** Events of a turn that are fetched: as many as the gateway gives at once. */
const MOST = 2000

export class ReplayClient extends AvatarClient {
  replay(id: ConversationId): Promise<ReplayView> {
    return this.json(`replay/${id}`)
  }

  /** The events of a turn, by sequence. */
  replayEvents(id: ConversationId, turn: TurnId): Promise<readonly ReplayEvent[]> {
    return this.json(`replay/${id}/events?turn=${encodeURIComponent(turn)}&limit=${MOST}`)
  }

  replayEvent(id: ConversationId, event: EventId): Promise<ReplayEventDetail> {
    return this.json(`replay/${id}/events/${encodeURIComponent(event)}`)
  }

  soundUrl(id: ConversationId, clip: string): string {
    return `${this.base}/replay/${id}/sound/${encodeURIComponent(clip)}`
  }

  videoUrl(id: ConversationId, clip: string): string {
    return `${this.base}/replay/${id}/video/${encodeURIComponent(clip)}.mp4`
  }

  faceUrl(id: ConversationId, piece: number): string {
    return `${this.base}/replay/${id}/face/${piece}.mp4`
  }

  portraitUrl(character: CharacterId): string {
    return `${this.base}/characters/${encodeURIComponent(character)}/portrait`
  }
}
