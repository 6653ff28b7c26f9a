/** Fakes of the browser and the gateway, which record what was asked of them. */

import type { Event, Fact, LiveEvent } from '../generated/events'
import type { ChannelsView, LinkOffer, LinkView } from '../generated/link_view'
import type { ConversationUpdate, ConversationView } from '../generated/view'
import {
  AvatarClient,
  type Character,
  type ConversationSummary,
  type LinkChange,
  type SdpAnswer,
  type SearchHit,
  type ServerStatus,
  type ServiceStatus,
  type Traits,
} from '../services/avatarClient'
import { applyChanges } from '../services/changes'
import type { Source } from '../services/eventStream'
import type { Step } from './facts'

export const ADA: Character = {
  id: 'ada',
  name: 'Ada',
  tagline: 'Curious about everything.',
  greeting: 'Hello, I am Ada.',
  accent: '#6d5ae6',
  language: 'en',
  portrait: 'api/characters/ada/portrait',
  own: false,
}
export const LEO: Character = { ...ADA, id: 'leo', name: 'Leo', portrait: 'api/characters/leo/portrait' }

export function serviceUp(name: ServiceStatus['name'], engine: string, words: string): ServiceStatus {
  return { name, engine, words, up: true, note: '', downloads: [], gpu_fault: '' }
}

/** The status of an installation that has fetched nothing. */
export const STATUS: ServerStatus = {
  bus: 'up',
  services: [
    serviceUp('stt', 'moonshine', 'Moonshine, English, on this machine'),
    serviceUp('dialogue', 'companion', 'Offline companion, answers by patterns'),
    serviceUp('tts', 'hibari', 'hibari and Kokoro, natural voices'),
    serviceUp('render', 'layered', 'Drawn characters'),
  ],
  suggestions: [
    { service: 'dialogue', title: 'A language model makes it real.', cost: '1.1 GB to download', command: 'make mind' },
  ],
  faces_per_person: 2,
  channels: [],
}

/** A link that nobody has come for. */
export const OFFERED: LinkView = {
  id: 'l1',
  channel: 'telegram',
  state: 'offered',
  name: '',
  sender: '',
  conversation: 'c1',
  form: 'same',
  echo: false,
  mirror: true,
  reachable: true,
}
export const CLAIMED: LinkView = { ...OFFERED, state: 'claimed', name: 'Ann', sender: '1234' }
export const LINKED: LinkView = { ...CLAIMED, state: 'linked' }

/** An event source whose messages a test sends. */
export class FakeSource implements Source {
  onopen: Source['onopen'] = null
  onmessage: Source['onmessage'] = null
  onerror: Source['onerror'] = null
  closed = false
  readonly url: string
  private onLive: (event: MessageEvent) => void = () => undefined

  constructor(url: string) {
    this.url = url
  }
  addEventListener(_: 'live', listener: (event: MessageEvent) => void): void {
    this.onLive = listener
  }
  close(): void {
    this.closed = true
  }
  open(): void {
    this.onopen?.(new globalThis.Event('open'))
  }
  fail(): void {
    this.onerror?.(new globalThis.Event('error'))
  }
  send(seq: number, update: ConversationUpdate): void {
    this.onmessage?.(new MessageEvent('message', { data: JSON.stringify(update), lastEventId: String(seq) }))
  }
  live(body: LiveEvent['body']): void {
    this.onLive(new MessageEvent('live', { data: JSON.stringify({ at: 1, conversation: 'c1', body }) }))
  }
}

export function happened(body: Fact, turn: string | null = 't1', at = 1_000_000): Event {
  return { id: `e${at}`, at, conversation: 'c1', turn, cause: null, body }
}

export function viewOf(id = 'c1', ...steps: readonly [string | null, Step][]): ConversationView {
  const empty: ConversationView = { id, seq: 0, title: '', character: 'ada', language: 'en', turns: [], faces: [] }
  return steps.reduce((view, [turn, step], place) => applyChanges(view, place + 1, step.changes(view, turn)), empty)
}

/** A client of a gateway with two characters. Records every call; a test may make one fail, or all of a kind. */
export class FakeClient extends AvatarClient {
  readonly calls: string[] = []
  views = new Map<string, ConversationView>()
  /** Of these, which are re-runs. */
  readonly copies = new Set<string>()
  failing = new Map<string, Error>()
  /** The person's own characters. */
  faces: readonly Character[] = []
  limit = 2
  installation = STATUS
  hits: readonly SearchHit[] = []
  /** What is set up, and the person's links. */
  links: ChannelsView = { channels: [], links: [] }

  private answer<T>(call: string, value: T): Promise<T> {
    this.calls.push(call)
    const error = this.failing.get(call) ?? this.failing.get(call.split(' ')[0] ?? call)
    return error ? Promise.reject(error) : Promise.resolve(value)
  }
  override characters(): Promise<readonly Character[]> {
    return this.answer('characters', [ADA, LEO, ...this.faces])
  }
  override status(): Promise<ServerStatus> {
    const channels = this.links.channels.map(({ name }) => name)
    return Promise.resolve({ ...this.installation, faces_per_person: this.limit, channels })
  }
  override requestFace(id: string, photo: Blob, { name, voice, personality }: Traits): Promise<string> {
    return this.answer(`requestFace ${id} ${photo.size} ${name} ${voice} ${personality}`, 'zoe-1')
  }
  override removeCharacter(id: string): Promise<void> {
    this.faces = this.faces.filter((face) => face.id !== id)
    return this.answer(`removeCharacter ${id}`, undefined)
  }
  override eraseConversation(id: string): Promise<void> {
    this.views.delete(id)
    return this.answer(`eraseConversation ${id}`, undefined)
  }
  override erasePerson(): Promise<void> {
    this.views.clear()
    return this.answer('erasePerson', undefined)
  }
  override conversations(): Promise<readonly ConversationSummary[]> {
    const list = Array.from(this.views.values(), ({ id, title, character }) => ({ id, title, character }))
    const newest = list.reverse().map((summary) => ({
      ...summary,
      updated_at: 1e15,
      copied: this.copies.has(summary.id) ? ('rerun' as const) : ('' as const),
    }))
    return this.answer('conversations', newest)
  }
  override search(text: string): Promise<readonly SearchHit[]> {
    return this.answer(`search ${text}`, this.hits)
  }
  override open(character: string | null): Promise<{ id: string }> {
    const id = `c${this.views.size + 1}`
    this.views.set(id, { ...viewOf(id), character: character ?? 'ada' })
    return this.answer(`open ${character ?? 'anybody'}`, { id })
  }
  override conversation(id: string): Promise<ConversationView> {
    return this.answer(`conversation ${id}`, this.views.get(id) ?? viewOf(id))
  }
  override send(id: string, text: string) {
    return this.answer(`send ${id} ${text}`, { message: 'm1', turn: 't1' })
  }
  override choose(id: string, character: string): Promise<void> {
    return this.answer(`choose ${id} ${character}`, undefined)
  }
  private setLinks(...links: readonly LinkView[]): void {
    this.links = { ...this.links, links }
  }
  override channels(): Promise<ChannelsView> {
    return this.answer('channels', this.links)
  }
  override offerLink(channel: string, conversation: string | null): Promise<LinkOffer> {
    const answer = this.answer(`offerLink ${channel} ${conversation ?? 'new'}`, {
      id: 'l1',
      token: 'TOKEN',
      address: channel === 'telegram' ? 'https://t.me/bot?start=l_TOKEN' : '',
      text: 'link TOKEN',
      expires_at: 1e15,
    })
    this.setLinks({ ...OFFERED, channel, conversation })
    return answer
  }
  override confirmLink(id: string): Promise<LinkView> {
    this.setLinks(LINKED)
    return this.answer(`confirmLink ${id}`, LINKED)
  }
  override refuseLink(id: string): Promise<void> {
    this.setLinks()
    return this.answer(`refuseLink ${id}`, undefined)
  }
  override endLink(id: string): Promise<void> {
    this.setLinks()
    return this.answer(`endLink ${id}`, undefined)
  }
  override changeLink(id: string, change: LinkChange): Promise<LinkView> {
    const changed = { ...(this.links.links[0] ?? LINKED), ...change }
    this.setLinks(changed)
    return this.answer(`changeLink ${id} ${JSON.stringify(change)}`, changed)
  }
  override pair(code: string, conversation: string | null): Promise<LinkView> {
    const answer = this.answer(`pair ${code} ${conversation ?? 'new'}`, LINKED)
    if (!this.failing.has('pair')) this.setLinks(LINKED)
    return answer
  }
  override interrupt(id: string): Promise<void> {
    return this.answer(`interrupt ${id}`, undefined)
  }
  iceServers: RTCIceServer[] = []
  override ice(): Promise<RTCIceServer[]> {
    return this.answer('ice', this.iceServers)
  }
  override offer(id: string, sdp: string): Promise<SdpAnswer> {
    const session = `s${this.calls.filter((call) => call.startsWith('offer')).length + 1}`
    return this.answer(`offer ${id} ${sdp}`, { sdp: 'answer', session })
  }
  override tryCandidates(session: string, candidates: readonly string[]): void {
    this.calls.push(`try ${session} ${candidates.join(' ')}`)
  }
  override leave(session: string): void {
    this.calls.push(`leave ${session}`)
  }
}

export function fakeTrack(): MediaStreamTrack {
  const track = { kind: 'audio', enabled: true, onended: null, stopped: false, stop: () => (track.stopped = true) }
  return track as unknown as MediaStreamTrack
}

interface FakeChannel {
  readonly readyState: RTCDataChannelState
  readonly send: (text: string) => void
  onmessage: ((event: { data: string }) => void) | null
  onclose: (() => void) | null
}

/** A peer connection whose state a test sets. */
export class FakePeer {
  connectionState: RTCPeerConnectionState = 'new'
  onconnectionstatechange: (() => void) | null = null
  onicecandidate: ((event: { candidate: { candidate: string } | null }) => void) | null = null
  localDescription: { sdp: string } | null = null
  readonly asked: string[] = []
  /** What the page has said on the control channel. */
  readonly said: string[] = []
  readonly channel: FakeChannel = {
    readyState: 'open',
    send: (text) => this.said.push(text),
    onmessage: null,
    onclose: null,
  }
  closed = false

  addTransceiver(what: MediaStreamTrack | string, { direction }: { direction: string }) {
    this.asked.push(`${typeof what === 'string' ? what : 'microphone'} ${direction}`)
    return { receiver: { track: fakeTrack() } }
  }
  createDataChannel(label: string) {
    this.asked.push(`channel ${label}`)
    return this.channel
  }
  createOffer() {
    return Promise.resolve({ type: 'offer', sdp: 'offer' })
  }
  setLocalDescription(description: { sdp: string }) {
    this.localDescription = description
    return Promise.resolve()
  }
  setRemoteDescription({ sdp }: { sdp: string }) {
    this.asked.push(`remote ${sdp}`)
    return Promise.resolve()
  }
  getStats() {
    return Promise.resolve(new Map())
  }
  close() {
    this.closed = true
  }
  gather(candidate: string | null) {
    this.onicecandidate?.({ candidate: candidate === null ? null : { candidate } })
  }
  become(state: RTCPeerConnectionState) {
    this.connectionState = state
    this.onconnectionstatechange?.()
  }
  ping() {
    this.channel.onmessage?.({ data: '{"type":"ping","at":1}' })
  }
  /** The gateway says that it ends. */
  move() {
    this.channel.onmessage?.({ data: '{"type":"moved"}' })
  }
}
