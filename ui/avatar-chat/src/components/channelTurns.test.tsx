import { screen } from '@testing-library/react'
import { afterEach, describe, expect, it } from 'vitest'
import { ApiError } from '../services/avatarClient'
import { listening, noteBegun, noted, noteDiscarded, noteTranscribed, transcribed } from '../test/facts'
import { unseen, written, writtenIn } from '../test/facts'
import { viewOf } from '../test/fakes'
import { openPage, settle } from '../test/page'

const open = () => openPage(({ client }) => client.views.set('c1', viewOf()))
const badges = () => screen.queryAllByTestId('channel-badge').map(({ textContent }) => textContent)

describe('a turn from a channel', () => {
  it('shows which one, and what was said here shows none', async () => {
    const { world } = await open()
    world.tell('t1', written('from the page'))
    expect(badges()).toEqual([])
    world.tell('t2', writtenIn('telegram', 'from the phone'))
    world.tell('t3', writtenIn('whatsapp', 'and from there'))
    world.tell('t4', writtenIn('matrix', 'one that the page does not know'))
    expect(badges()).toEqual(['Telegram', 'WhatsApp', 'Matrix'])
  })

  it('by voice is shown from its arrival on, although nobody is heard here', async () => {
    const { world } = await open()
    world.tell('t1', noted('telegram'))
    expect(badges()).toEqual(['Telegram, voice note'])
    const words = screen.getByTestId('message-person')
    expect(words.textContent).toBe('Voice note ')
    await settle(1000)
    expect(screen.getAllByTestId('status')[0]?.dataset.state).not.toBe('hearing')
    world.tell('t1', noteTranscribed('telegram', 'what is a star'))
    expect(words.textContent).toBe('what is a star')
    expect(badges()).toEqual(['Telegram, voice note'])
  })

  it.each([
    ['That is too long.', 'That is too long.'],
    ['', 'Not understood'],
  ])('that could not be heard says why: %j', async (detail, shown) => {
    const { world } = await open()
    world.tell('t1', noted('telegram'))
    world.tell('t1', noteDiscarded('telegram', detail))
    expect(screen.getByText(shown)).toBeTruthy()
    expect(badges()).toEqual(['Telegram, voice note'])
  })
})

describe('what comes in elsewhere', () => {
  it('takes nothing from what the person is saying or sending here', async () => {
    const { world, chat } = await open()
    await chat.send('hello')
    world.tell('t1', listening)
    world.tell('t2', writtenIn('telegram', 'hello'))
    world.tell('t3', noted('telegram'))
    const state = chat.state.get().conversation?.state.get()
    expect(state?.activeTurn).toBe('t1')
    expect(state?.pending.map(({ text }) => text)).toEqual(['hello'])
    world.tell('t1', transcribed('what is a star'))
    world.tell('t4', writtenIn('telegram', 'and a planet'))
    expect(chat.state.get().conversation?.state.get().activeTurn).toBe('t4')
  })

  it('by voice is not mixed with the words that are said here at the same moment', async () => {
    const { world } = await open()
    const said = () => screen.getAllByTestId('message-person').map(({ textContent }) => textContent)
    world.tell('t1', listening)
    world.tell('t2', noted('telegram'))
    world.tell('t2', noteBegun('telegram'))
    world.live({ type: 'transcript_partial', utterance: 'u', text: 'what is' })
    world.live({ type: 'transcript_partial', utterance: 'v', text: 'good morning' })
    expect(said()).toEqual(['what is', 'Voice note '])
    world.tell('t2', noteTranscribed('telegram', 'good morning to you'))
    expect(said()).toEqual(['what is', 'good morning to you'])
  })

  it('by voice is shown while it is transcribed, where nobody speaks here', async () => {
    const { world } = await open()
    world.tell('t1', noted('telegram'))
    world.tell('t1', noteBegun('telegram'))
    world.live({ type: 'transcript_partial', utterance: 'v', text: 'good morning' })
    expect(screen.getByTestId('message-person').textContent).toBe('good morning')
  })
})

describe('"new conversation"', () => {
  const command = unseen({ type: 'command.recognised', name: 'new_conversation', arguments: [] })

  it('said in a channel is carried out there, and leaves the page where it is', async () => {
    const { world, chat } = await open()
    world.tell('t1', writtenIn('telegram', 'new conversation'))
    world.tell('t1', command)
    await settle(100)
    expect(chat.state.get().conversation?.id).toBe('c1')
  })

  it('said here begins one here', async () => {
    const { world, chat } = await open()
    world.tell('t1', written('new conversation'))
    world.tell('t1', command)
    await settle(100)
    expect(chat.state.get().conversation).toBeNull()
  })
})

describe('an address that names a conversation', () => {
  afterEach(() => history.replaceState(null, '', '/'))

  it('opens that one, and is the usual address from then on', async () => {
    history.replaceState(null, '', '/?conversation=c1&x=1')
    const { world, chat } = await openPage(({ client }) => {
      client.views.set('c1', viewOf('c1')).set('c2', viewOf('c2'))
    })
    expect(chat.state.get().conversation?.id).toBe('c1')
    expect(world.client.calls).not.toContain('conversation c2')
    expect(location.search + location.hash).toBe('?x=1#c=c1')
    await chat.startConversation()
    expect(location.search + location.hash).toBe('?x=1')
  })

  it("of somebody else's says so, and the newest of one's own opens", async () => {
    history.replaceState(null, '', '/?conversation=c9')
    const { chat } = await openPage(({ client }) => {
      client.views.set('c1', viewOf('c1'))
      client.failing.set('conversation c9', new ApiError(404, 'not_found', 'no such conversation'))
    })
    expect(chat.state.get().conversation?.id).toBe('c1')
    expect(screen.getByText('That conversation could not be opened')).toBeTruthy()
    expect(location.search + location.hash).toBe('#c=c1')
  })

  it('is passed over where it is none', async () => {
    history.replaceState(null, '', '/?conversation=..%2Fstatus')
    const { chat, world } = await openPage(({ client }) => client.views.set('c1', viewOf('c1')))
    expect(chat.state.get().conversation?.id).toBe('c1')
    expect(world.client.calls.filter((call) => call.startsWith('conversation '))).toEqual(['conversation c1'])
  })
})
