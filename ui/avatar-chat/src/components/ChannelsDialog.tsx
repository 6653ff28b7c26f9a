import { useEffect, useRef, useState, type SyntheticEvent } from 'react'
import type { ChannelsView, ChannelView, LinkOffer, LinkView } from '../generated/link_view'
import { useServices } from '../hooks/useServices'
import { useStore } from '../hooks/useStore'
import { channelName } from '../services/channelNames'
import { ChannelIcon } from './ChannelIcon'
import { CopyableCommand } from './CopyableCommand'
import { Dialog } from './Dialog'
import { LinkedAccount } from './LinkedAccount'

/** Where else one can talk: the channels that are set up here, and the person's links with them. */
export function ChannelsDialog({ onClose }: { readonly onClose: () => void }) {
  const { channelLinks, lists } = useServices().chat
  const { view, offer, problem } = useStore(channelLinks.state)
  useEffect(() => channelLinks.watch(), [channelLinks])
  // A channel may have begun a conversation.
  useEffect(() => void lists.reloadConversations(), [lists])
  return (
    <Dialog title="Channels" className="dialog-centre" onClose={onClose}>
      <div className="min-h-0 overflow-y-auto px-5 pb-5">
        <p className="text-sm text-ink-soft">
          Go on elsewhere, by voice notes or in writing. It stays one conversation, and this page shows all of it.
        </p>
        {problem !== null && (
          <p
            role="alert"
            data-testid="channels-problem"
            className="mt-3 wrap-anywhere text-danger first-letter:uppercase"
          >
            {problem}
          </p>
        )}
        {view ? <Channels view={view} offer={offer} /> : <p className="py-8 text-center text-ink-soft">One moment</p>}
      </div>
    </Dialog>
  )
}

function Channels({ view, offer }: { readonly view: ChannelsView; readonly offer: LinkOffer | null }) {
  const { channels, links } = view
  const away = links.map(({ channel }) => channel).filter((name) => !channels.some((one) => one.name === name))
  return (
    <>
      <ul className="mt-4 flex flex-col gap-3">
        {channels.map((channel) => (
          <Channel key={`${channel.name} ${channel.account}`} channel={channel} links={links} offer={offer} />
        ))}
        {[...new Set(away)].map((name) => (
          <Channel key={name} name={name} links={links} offer={null} />
        ))}
      </ul>
      {channels.length === 0 && away.length === 0 && (
        <p className="mt-4 text-ink-soft">No channel is running at the moment.</p>
      )}
      {channels.length > 0 && <PairingForm />}
    </>
  )
}

interface ChannelProps {
  /** Undefined: it is not running now. */
  readonly channel?: ChannelView
  readonly name?: string
  readonly links: readonly LinkView[]
  readonly offer: LinkOffer | null
}

function Channel({ channel, name = channel?.name ?? '', links, offer }: ChannelProps) {
  const heading = useRef<HTMLHeadingElement>(null)
  const toHeading = () => heading.current?.focus()
  const own = links.filter((link) => link.channel === name)
  const called = channelName(name)
  const claimed = own.filter(({ state }) => state === 'claimed')
  const linked = own.filter(({ state }) => state === 'linked')
  const isOffered = offer !== null && own.some(({ id }) => id === offer.id)
  return (
    <li data-testid={`channel-${name}`} aria-label={called} className="channel">
      <div className="flex items-center gap-3">
        <span className="channel-sign">
          <ChannelIcon channel={name} className="size-5" />
        </span>
        <div className="min-w-0 flex-1">
          <h3 ref={heading} tabIndex={-1} className="truncate font-semibold outline-none">
            {called}
          </h3>
          <p className="truncate text-sm text-ink-soft">{channel ? channel.label : 'Not running now'}</p>
        </div>
        {channel && !isOffered && claimed.length === 0 && <LinkButton channel={channel} another={linked.length > 0} />}
      </div>
      <p role="status" className="sr-only">
        {linked.map((one) => `${called} is linked with ${one.name || 'your account'}.`).join(' ')}
      </p>
      <div role="status">
        {claimed.map((link) => (
          <Claim key={link.id} link={link} onEnd={toHeading} />
        ))}
        {isOffered && (
          <Offer name={name} called={called} label={channel?.label ?? ''} offer={offer} onEnd={toHeading} />
        )}
      </div>
      {linked.map((link) => (
        <LinkedAccount key={link.id} link={link} called={called} onEnd={toHeading} />
      ))}
    </li>
  )
}

/** Offers a link: the main thing as long as there is none. */
function LinkButton({ channel, another }: { readonly channel: ChannelView; readonly another: boolean }) {
  const { chat } = useServices()
  const { busy } = useStore(chat.channelLinks.state)
  const called = channelName(channel.name)
  return (
    <button
      type="button"
      disabled={busy}
      onClick={() => void chat.channelLinks.offer(channel.name, chat.state.get().conversation?.id ?? null)}
      aria-label={another ? `Link another account of ${called}` : `Link ${called}`}
      className={another ? 'button-link text-sm' : 'button-solid'}
    >
      {another ? 'Link another' : 'Link'}
    </button>
  )
}

interface OfferProps {
  readonly name: string
  readonly called: string
  readonly label: string
  readonly offer: LinkOffer
  /** Called before what has the focus goes away. */
  readonly onEnd: () => void
}

/** The token, as an address to open and as a text to send, until somebody has come with it. */
function Offer({ name, called, label, offer: { id, address, text }, onEnd }: OfferProps) {
  const { channelLinks } = useServices().chat
  const part = useRef<HTMLDivElement>(null)
  const isFolder = name === 'folder'
  useEffect(() => part.current?.querySelector<HTMLElement>('a, button')?.focus(), [])
  const cancel = () => {
    onEnd()
    void channelLinks.end(id)
  }
  return (
    <div ref={part} data-testid="link-offer" className="channel-part">
      {address !== '' && (
        <a href={address} target="_blank" rel="noreferrer" className="button-solid">
          Open {called}
        </a>
      )}
      <p className={`text-sm text-ink-soft ${address === '' ? '' : 'mt-3'}`}>
        {isFolder
          ? 'Run this where Visavis runs:'
          : `${address === '' ? 'Send' : 'Or, from any device, send'} this${label && ` to ${label}`}:`}
      </p>
      <CopyableCommand command={isFolder ? `visavis note --text "${text}"` : text} />
      <div className="mt-1 flex items-center justify-between gap-3">
        <p className="text-sm text-ink-soft">
          Waiting for you there
          <span aria-hidden className="dots ml-1.5 align-middle">
            <i />
            <i />
            <i />
          </span>
          <span className="block text-xs">It holds for ten minutes.</span>
        </p>
        <button type="button" onClick={cancel} className="button-link text-sm">
          Cancel
        </button>
      </div>
    </div>
  )
}

/** Somebody came with the token: only the person knows whether it was they. */
function Claim({ link: { id, name, sender }, onEnd }: { readonly link: LinkView; readonly onEnd: () => void }) {
  const { channelLinks } = useServices().chat
  const { busy } = useStore(channelLinks.state)
  const confirm = () => {
    onEnd()
    void channelLinks.confirm(id)
  }
  const refuse = () => {
    onEnd()
    void channelLinks.refuse(id)
  }
  return (
    <div data-testid="link-claim" className="channel-part channel-claim">
      <p className="font-medium">Is this you?</p>
      <p className="wrap-anywhere">
        <bdi>{name || 'No name'}</bdi> <span className="text-ink-soft tabular-nums">…{sender}</span>
      </p>
      <div className="mt-2 flex gap-3">
        <button type="button" disabled={busy} onClick={confirm} className="button-solid">
          Yes, link it
        </button>
        <button type="button" disabled={busy} onClick={refuse} className="button-link px-2">
          No
        </button>
      </div>
    </div>
  )
}

/** For the code that a channel tells whoever writes there without a link. */
function PairingForm() {
  const { chat } = useServices()
  const { busy } = useStore(chat.channelLinks.state)
  const [code, setCode] = useState('')
  const submit = (event: SyntheticEvent<HTMLFormElement>) => {
    event.preventDefault()
    const conversation = chat.state.get().conversation?.id ?? null
    void chat.channelLinks.pair(code, conversation).then((linked) => {
      if (linked) setCode('')
    })
  }
  return (
    <form onSubmit={submit} data-testid="pairing-form" className="mt-5">
      <label className="block">
        <span className="font-semibold">Were you told a code?</span>
        <span className="mt-0.5 block text-sm text-ink-soft">
          Whoever writes there first is told one. Enter only one that you asked for yourself.
        </span>
        <span className="mt-1 flex items-center gap-2">
          <input
            value={code}
            onChange={(event) => setCode(event.target.value)}
            required
            maxLength={20}
            autoComplete="off"
            autoCapitalize="characters"
            spellCheck={false}
            placeholder="ABCD EFGH"
            aria-label="Code"
            className="input mt-0 flex-1 tracking-widest uppercase"
          />
          <button type="submit" disabled={busy || code.trim() === ''} className="button-solid disabled:opacity-50">
            Link
          </button>
        </span>
      </label>
    </form>
  )
}
