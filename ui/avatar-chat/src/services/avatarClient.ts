/** The client of the gateway's HTTP API (docs/api.md). */

import type { CharacterId, ConversationId, Id, SessionId, TurnId } from '../generated/events'
import type { ChannelsView, LinkOffer, LinkView } from '../generated/link_view'
import type { ConversationView } from '../generated/view'
import { signedOut, type SessionInfo } from './signedOut'

/** The gateway answered with an error, or could not be reached (`status` 0, `code` "unreachable"). */
export class ApiError extends Error {
  readonly status: number
  readonly code: string
  /** Milliseconds to wait before a retry, if the gateway gave them (`Retry-After`). */
  readonly retryAfter: number | null

  constructor(status: number, code: string, message: string, retryAfter: number | null = null) {
    super(message)
    this.name = 'ApiError'
    this.status = status
    this.code = code
    this.retryAfter = retryAfter
  }

  /** Whether the same call may succeed later. */
  get retryable(): boolean {
    return this.status === 0 || this.status === 429 || this.status === 503 || this.status === 502 || this.status === 504
  }
}

export interface Character {
  readonly id: CharacterId
  readonly name: string
  readonly tagline: string
  readonly greeting: string
  /** CSS colour, #rrggbb. */
  readonly accent: string
  readonly language: string
  /** URL of a square picture. */
  readonly portrait: string
  /** This person made it of a photo; no other person sees it. */
  readonly own: boolean
}

export interface ConversationSummary {
  readonly id: ConversationId
  readonly title: string
  readonly character: CharacterId
  /** Microseconds since 1970. */
  readonly updated_at: number
  /** How it came here, if it is a copy. */
  readonly copied?: '' | 'imported' | 'rerun'
}

/** A turn in which the words of a search were said. */
export interface SearchHit {
  readonly conversation: ConversationId
  readonly title: string
  readonly turn: TurnId
  /** Microseconds since 1970. */
  readonly at: number
  /** Plain text around the words found, each of which stands between U+2068 and U+2069. */
  readonly excerpt: string
}

/** A model that a service is fetching. */
export interface ModelDownload {
  readonly model: string
  /** Null where the size is not known. */
  readonly percent: number | null
}

export interface ServiceStatus {
  readonly name: 'stt' | 'dialogue' | 'tts' | 'render'
  readonly engine: string
  /** What the engine is, for people. */
  readonly words: string
  readonly up: boolean
  readonly note: string
  readonly downloads: readonly ModelDownload[]
  /** Why the graphics card is not used, and simpler engines serve; empty: it is, or none is wanted. */
  readonly gpu_fault: '' | 'full' | 'lost' | 'absent'
}

/** A change of the installation that would make a service better. */
export interface Suggestion {
  readonly service: ServiceStatus['name']
  readonly title: string
  readonly cost: string
  /** For a shell in Visavis' folder. */
  readonly command: string
}

export interface ServerStatus {
  readonly bus: 'up' | 'down'
  readonly services: readonly ServiceStatus[]
  /** The most noticeable first. */
  readonly suggestions: readonly Suggestion[]
  /** The number of characters that a person may make of photos. */
  readonly faces_per_person: number
  /** Names of the channels that are set up. */
  readonly channels: readonly string[]
}

/** What is to change in a confirmed link. */
export interface LinkChange extends Partial<Pick<LinkView, 'form' | 'echo' | 'mirror'>> {
  readonly conversation?: ConversationId
}

export interface SdpAnswer {
  readonly sdp: string
  readonly session: SessionId
}

/** The traits of a character that is to be made; an empty one is left to the gateway. */
export interface Traits {
  readonly name: string
  readonly voice: 'female' | 'male'
  readonly personality: string
}

const TIMEOUT = 10_000
const UPLOAD_TIMEOUT = 120_000

function retryAfter(response: Response): number | null {
  const seconds = Number(response.headers.get('Retry-After') ?? Number.NaN)
  return Number.isFinite(seconds) ? seconds * 1000 : null
}

async function failure(response: Response): Promise<ApiError> {
  const body: unknown = await response.json().catch(() => null)
  const error = (body as { error?: { code?: string; message?: string } } | null)?.error
  const code = error?.code ?? (response.status === 502 || response.status === 504 ? 'unreachable' : 'unknown')
  return new ApiError(response.status, code, error?.message ?? `status ${response.status}`, retryAfter(response))
}

/** Address of one file with all that is known of the person. */
export const PERSON_FILE = 'api/person/export'

export class AvatarClient {
  protected readonly base: string

  /** @param base Where the API is, relative to the page; ends without a slash. */
  constructor(base = 'api') {
    this.base = base
  }

  characters(): Promise<readonly Character[]> {
    return this.json('characters')
  }

  conversations(): Promise<readonly ConversationSummary[]> {
    return this.json('conversations')
  }

  /** The turns of the person's conversations in which all these words were said, best first. */
  search(text: string): Promise<readonly SearchHit[]> {
    return this.json(`search?text=${encodeURIComponent(text)}`)
  }

  /** `request` is the page's id for it: an opening sent again after a lost answer opens nothing more. */
  open(character: CharacterId | null, request?: Id): Promise<{ readonly id: ConversationId }> {
    return this.json('conversations', 'POST', { ...(character === null ? {} : { character }), request })
  }

  conversation(id: ConversationId): Promise<ConversationView> {
    return this.json(`conversations/${id}`)
  }

  /** Address of the conversation's events after a sequence, for an EventSource. */
  eventsUrl(id: ConversationId, after: number): string {
    return `${this.base}/conversations/${id}/events?after=${after}`
  }

  /** `message` is the page's id for it: a message sent again after a lost answer is taken once. */
  send(id: ConversationId, text: string, message: Id): Promise<{ readonly message: Id; readonly turn: TurnId }> {
    return this.json(`conversations/${id}/messages`, 'POST', { text, message })
  }

  async choose(id: ConversationId, character: CharacterId): Promise<void> {
    await this.request(`conversations/${id}/character`, 'PUT', JSON.stringify({ character }))
  }

  /** Request a character made of a photo; the outcome comes as a fact of the conversation. */
  async requestFace(id: ConversationId, photo: Blob, traits: Traits): Promise<CharacterId> {
    const form = new FormData()
    for (const [name, value] of Object.entries<string>({ ...traits })) form.set(name, value)
    form.set('photo', photo)
    const response = await this.request(`conversations/${id}/characters`, 'POST', form)
    return ((await response.json()) as { character: CharacterId }).character
  }

  /** Erase a conversation for good; from then on it is not found. */
  async eraseConversation(id: ConversationId): Promise<void> {
    await this.request(`conversations/${id}`, 'DELETE')
  }

  /** Erase all that is known of the person for good; with the next request somebody new begins. */
  async erasePerson(): Promise<void> {
    await this.request('person', 'DELETE')
  }

  async removeCharacter(id: CharacterId): Promise<void> {
    await this.request(`characters/${id}`, 'DELETE')
  }

  /** Which services run and with which engines, and what would be better. */
  status(): Promise<ServerStatus> {
    return this.json('status')
  }

  /** Whether a key is needed here, and who has signed in. */
  session(): Promise<SessionInfo> {
    return this.json('session')
  }

  async signIn(key: string): Promise<void> {
    await this.request('session', 'POST', JSON.stringify({ key }))
  }

  /** @param everywhere Also on all other devices. */
  async signOut(everywhere: boolean): Promise<void> {
    await this.request(everywhere ? 'session/everywhere' : 'session', 'DELETE')
  }

  /** The channels that are set up, and the person's links with them. */
  channels(): Promise<ChannelsView> {
    return this.json('channels')
  }

  /** Offer a link with a channel, whose talk is to go on in a conversation; null: in a new one. */
  offerLink(channel: string, conversation: ConversationId | null): Promise<LinkOffer> {
    return this.json('links', 'POST', { channel, conversation })
  }

  confirmLink(id: Id): Promise<LinkView> {
    return this.json(`links/${id}/confirm`, 'POST')
  }

  async refuseLink(id: Id): Promise<void> {
    await this.request(`links/${id}/refuse`, 'POST')
  }

  /** End a link, or the offer of one. */
  async endLink(id: Id): Promise<void> {
    await this.request(`links/${id}`, 'DELETE')
  }

  changeLink(id: Id, change: LinkChange): Promise<LinkView> {
    return this.json(`links/${id}`, 'PATCH', change)
  }

  /** Link the account that was told this pairing code. */
  pair(code: string, conversation: ConversationId | null): Promise<LinkView> {
    return this.json('pairings', 'POST', { code, conversation })
  }

  async interrupt(id: ConversationId): Promise<void> {
    await this.request(`conversations/${id}/interrupt`, 'POST')
  }

  async ice(): Promise<RTCIceServer[]> {
    return (await this.json<{ iceServers: RTCIceServer[] }>('rtc/ice')).iceServers
  }

  async offer(id: ConversationId, sdp: string): Promise<SdpAnswer> {
    const response = await this.request(`conversations/${id}/rtc`, 'POST', sdp, 'application/sdp')
    const session = response.headers.get('Location')?.split('/').at(-1)
    if (!session) throw new ApiError(response.status, 'no_session', 'the answer to an offer names no session')
    return { sdp: await response.text(), session }
  }

  /** Tell the gateway more addresses of this browser (`candidate:…`). One that is lost only costs a way to connect. */
  tryCandidates(session: SessionId, candidates: readonly string[]): void {
    const fragment = candidates.map((line) => `a=${line}\r\n`).join('')
    void this.request(`rtc/${session}`, 'PATCH', fragment, 'application/trickle-ice-sdpfrag').catch(() => undefined)
  }

  /** End a WebRTC session. Works while the page is being closed, too. */
  leave(session: SessionId): void {
    const url = `${this.base}/rtc/${session}`
    if (typeof navigator.sendBeacon === 'function' && navigator.sendBeacon(`${url}/leave`)) return
    void fetch(url, { method: 'DELETE', keepalive: true }).catch(() => undefined)
  }

  protected async json<T>(path: string, method = 'GET', body?: unknown): Promise<T> {
    const response = await this.request(path, method, body === undefined ? null : JSON.stringify(body))
    return (await response.json()) as T
  }

  private async request(path: string, method = 'GET', body: string | FormData | null = null, type?: string) {
    let response: Response
    // The browser sets the type of a form, with its boundary.
    const headers = typeof body === 'string' ? { 'Content-Type': type ?? 'application/json' } : {}
    const patience = body instanceof FormData ? UPLOAD_TIMEOUT : TIMEOUT
    try {
      response = await fetch(`${this.base}/${path}`, {
        method,
        body,
        headers,
        credentials: 'same-origin',
        signal: AbortSignal.timeout(patience),
      })
    } catch (error) {
      throw new ApiError(0, 'unreachable', error instanceof Error ? error.message : String(error))
    }
    if (response.ok) return response
    const error = await failure(response)
    if (error.code === 'not_signed_in') signedOut.set(true)
    throw error
  }
}
