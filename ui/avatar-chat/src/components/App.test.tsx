import { screen, within } from '@testing-library/react'
import { describe, expect, it } from 'vitest'
import { ApiError } from '../services/avatarClient'
import {
  chosen,
  discarded,
  failed,
  heardTwice,
  interrupted,
  listening,
  listeningBy,
  phraseOver,
  played,
  playing,
  replyEnded,
  sentence,
  spoken,
  transcribed,
  unseen,
  written,
} from '../test/facts'
import { get, openPage, settle, talk, user, withHistory } from '../test/page'

const status = () => screen.getByTestId('status').getAttribute('data-state')

describe('opening the page', () => {
  it('has one clear thing to do where nothing was said yet', async () => {
    const { world } = await openPage()
    expect(get('talk-button').textContent).toBe('Talk to Ada')
    expect(status()).toBe('idle')
    expect(world.client.calls).toEqual(['characters', 'conversations', 'channels'])
    expect(within(get('transcript')).getByText('Hello, I am Ada.')).toBeTruthy()
  })

  it('picks up the newest conversation', async () => {
    await openPage(withHistory)
    expect(location.hash).toBe('#c=new')
    expect(get('message-person').textContent).toBe('Good morning')
    expect(get('message-avatar').textContent).toContain('Morning!')
    expect(status()).toBe('idle')
  })

  it('picks up the conversation that the address names', async () => {
    history.replaceState(null, '', '#c=old')
    await openPage(withHistory)
    expect(get('message-person').textContent).toBe('An older one')
  })

  it('says so where that conversation is not there, and opens the newest', async () => {
    history.replaceState(null, '', '#c=gone')
    await openPage((world) => {
      withHistory(world)
      world.client.failing.set('conversation gone', new ApiError(404, 'not_found', 'no'))
    })
    expect(get('notice').textContent).toContain('could not be opened')
    expect(location.hash).toBe('#c=new')
  })

  it('waits for a server that is away, and goes on by itself when it is back', async () => {
    const gone = new ApiError(0, 'unreachable', 'no')
    const { world } = await openPage((fresh) => fresh.client.failing.set('characters', gone))
    expect(status()).toBe('away')
    expect(get('notice').textContent).toContain('The server is away')
    world.client.failing.clear()
    await settle(1000)
    expect(status()).toBe('idle')
    expect(screen.queryByTestId('notice')).toBeNull()
  })
})

describe('talking', () => {
  it('asks for the microphone, calls, and listens', async () => {
    const { world } = await talk()
    expect(world.peer.asked[0]).toBe('microphone sendrecv')
    expect(world.client.calls).toContain('open ada')
    expect(location.hash).toBe('#c=c1')
    expect(status()).toBe('listening')
  })

  it('shows what is said, word by word, then as it stands on record', async () => {
    const { world } = await talk()
    world.tell('t1', listening)
    expect(status()).toBe('hearing')
    world.live({ type: 'transcript_partial', utterance: 'u', text: 'what is' })
    expect(get('caption-person').textContent).toBe('what is')
    expect(get('message-person').getAttribute('aria-hidden')).toBe('true')
    world.tell('t1', phraseOver)
    expect(status()).toBe('thinking')
    world.tell('t1', transcribed('what is your name'))
    world.live({ type: 'transcript_partial', utterance: 'u', text: 'too late' })
    expect(get('caption-person').textContent).toBe('what is your name')
    expect(get('message-person').getAttribute('aria-hidden')).toBe('false')
  })

  it('shows once what two microphones of the person hear', async () => {
    const { world } = await talk()
    world.tell('t1', listening)
    world.tell('t2', listeningBy('phone', 'w'))
    world.live({ type: 'transcript_partial', utterance: 'u', text: 'what is' })
    expect(get('caption-person').textContent).toBe('what is')
    world.tell('t1', transcribed('what is your name'))
    world.tell('t2', heardTwice('w', 'u'))
    expect(get('caption-person').textContent).toBe('what is your name')
    expect(get('transcript').textContent).not.toContain('Not understood')
    expect(within(get('transcript')).getAllByTestId('message-person')).toHaveLength(1)
  })

  it('shows the sentence that is being played, in the captions and in the transcript', async () => {
    const { world } = await talk()
    world.tell('t1', written('hello'), sentence(0, 'Hello.'), sentence(1, 'I am Ada.'), spoken(0), playing(0))
    expect(status()).toBe('speaking')
    expect(get('caption-avatar').textContent).toBe('Hello.')
    world.tell('t1', played(0), playing(1))
    expect(get('caption-avatar').textContent).toBe('I am Ada.')
    const states = within(get('message-avatar')).getAllByText(/\./).map((part) => part.getAttribute('data-state'))
    expect(states).toEqual(expect.arrayContaining(['played', 'playing']))
    world.tell('t1', played(1), replyEnded)
    await settle(500)
    expect(status()).toBe('listening')
  })

  it('stops the answer by button and by Escape, also from the text box', async () => {
    const { world } = await talk()
    expect(get('stop-button')).toHaveProperty('disabled', true)
    world.tell('t1', written('hello'), sentence(0), playing(0))
    await user().click(get('stop-button'))
    await user().type(get('composer-input'), '{Escape}')
    expect(world.client.calls.filter((call) => call === 'interrupt c1')).toHaveLength(2)
    world.tell('t1', interrupted)
    expect(get('message-avatar').textContent).toContain('You interrupted here')
  })

  it('mutes by button and by M, and lets one talk with Space', async () => {
    const { world } = await talk()
    await user().click(get('mute-button'))
    expect(get('mute-button').getAttribute('aria-pressed')).toBe('true')
    expect(world.track.enabled).toBe(false)
    expect(status()).toBe('muted')
    get('mute-button').blur()
    const hands = user()
    await hands.keyboard('{ >}')
    expect(world.track.enabled).toBe(true)
    expect(status()).toBe('listening')
    await hands.keyboard('{/ }')
    expect(world.track.enabled).toBe(false)
    expect(status()).toBe('muted')
    await user().keyboard('m')
    expect(world.track.enabled).toBe(true)
  })

  it('hears one into an answer, and goes on with the answer after a cough', async () => {
    const { world } = await talk()
    world.tell('t1', written('hello'), sentence(0, 'A long story.'), spoken(0), playing(0))
    world.tell('t2', listening)
    const progress = { session: 's', speech: 's0', reply: 'r', index: 0, samples: 9, trace: null }
    world.tell('t1', unseen({ type: 'playback.progress', ...progress }))
    expect(status()).toBe('hearing')
    world.live({ type: 'transcript_partial', utterance: 'u', text: 'wait' })
    expect(get('caption-person').textContent).toBe('wait')
    world.tell('t2', discarded)
    await settle()
    expect(status()).toBe('speaking')
    expect(get('caption-avatar').textContent).toBe('A long story.')
  })

  it('follows what one says to its turn, though a message was written in the middle of it', async () => {
    const { world } = await talk()
    world.tell('t1', listening)
    world.tell('t2', written('hello'), sentence(0, 'Hi.'), playing(0), interrupted)
    world.tell('t1', phraseOver)
    expect(status()).toBe('thinking')
    world.tell('t1', transcribed('tell me a story'))
    expect(get('caption-person').textContent).toBe('tell me a story')
  })

  it('says that nothing was understood', async () => {
    const { world } = await talk()
    world.tell('t1', listening, discarded)
    expect(get('caption-person').textContent).toContain('did not catch')
    expect(status()).toBe('listening')
  })

  it('says that there is no answer, and why', async () => {
    const { world } = await talk()
    world.tell('t1', written('hello'), failed('the model cannot be reached'))
    expect(get('message-avatar').textContent).toContain('the model cannot be reached')
    expect(get('notice').textContent).toContain('There was no answer')
  })

  it('shows the answer that came after all, where what failed was tried again', async () => {
    const { world } = await talk()
    world.tell('t1', written('hello'), failed('the model cannot be reached'))
    world.tell('t1', sentence(0, 'Hi there.'), replyEnded)
    expect(get('message-avatar').textContent).toContain('Hi there.')
    expect(get('message-avatar').textContent).not.toContain('No answer')
  })

  it('hangs up and lets go of the microphone', async () => {
    const { world } = await talk()
    await user().click(get('leave-button'))
    expect(world.track).toMatchObject({ stopped: true })
    expect(world.peer.closed).toBe(true)
    expect(status()).toBe('idle')
  })
})

describe('when something is wrong', () => {
  it.each([
    ['NotAllowedError', 'The microphone is blocked'],
    ['NotFoundError', 'No microphone found'],
    ['NotReadableError', 'The microphone is in use'],
  ])('says why there is no microphone (%s), and still shows the avatar and takes text', async (name, words) => {
    const { world } = await talk((fresh) => (fresh.refusal = name))
    expect(get('notice').textContent).toContain(words)
    expect(world.peer.asked[0]).toBe('audio recvonly')
    expect(status()).toBe('watching')
    await user().type(get('composer-input'), 'hello{Enter}')
    await settle()
    expect(world.client.calls).toContain('send c1 hello')
    world.refusal = null
    await user().click(within(get('notice')).getByText('Try again'))
    await settle()
    world.connect()
    expect(world.peer.asked[0]).toBe('microphone sendrecv')
    expect(screen.queryByTestId('notice')).toBeNull()
  })

  it('counts reconnections, says that the server is away, and that it is back by saying nothing', async () => {
    const { world } = await talk()
    world.peer.become('failed')
    await settle()
    expect(get('status').textContent).toBe('Reconnecting (1)')
    world.source.fail()
    await settle(500)
    world.source.fail()
    world.source.fail()
    await settle()
    expect(get('notice').textContent).toContain('The server is away')
    expect(status()).toBe('away')
    await settle(8000)
    world.source.open()
    world.connect()
    await settle()
    expect(screen.queryByTestId('notice')).toBeNull()
    expect(status()).toBe('listening')
  })

  it('says that the server is busy', async () => {
    await talk((world) => world.client.failing.set('offer', new ApiError(503, 'unavailable', 'full', 3000)))
    expect(get('notice').textContent).toContain('The server is busy')
  })

  it('marks a message that could not be sent, and sends it again', async () => {
    const { world } = await talk()
    world.client.failing.set('send', new ApiError(0, 'unreachable', 'no'))
    await user().type(get('composer-input'), 'hello{Enter}')
    await settle()
    expect(get('message-person').getAttribute('data-state')).toBe('failed')
    world.client.failing.clear()
    await user().click(screen.getByText('Send again'))
    await settle()
    world.tell('t1', written('hello', 'm1'))
    expect(get('message-person').getAttribute('data-state')).toBe('final')
  })
})

describe('writing', () => {
  it('calls with the first message, so that the answer is seen and heard', async () => {
    const { world } = await openPage()
    await user().type(get('composer-input'), 'hello{Enter}')
    await settle()
    expect(get('message-person').textContent).toBe('hello')
    expect(world.peer.asked[0]).toBe('audio recvonly')
    expect(world.client.calls).not.toContain('send c1 hello')
    world.connect()
    await settle()
    expect(world.client.calls).toContain('send c1 hello')
    world.tell('t1', written('hello', 'm1'))
    expect(screen.getAllByTestId('message-person')).toHaveLength(1)
  })

  it('sends without sound and picture where they do not come', async () => {
    const { world } = await openPage()
    await user().type(get('composer-input'), 'hello{Enter}')
    await settle(3000)
    expect(world.client.calls).toContain('send c1 hello')
  })

  it('does not call again after one has hung up', async () => {
    const { world } = await talk()
    await user().click(get('leave-button'))
    await user().type(get('composer-input'), 'hello{Enter}')
    await settle()
    expect(world.peers).toHaveLength(1)
    expect(world.client.calls).toContain('send c1 hello')
  })

  it('begins a new line with Shift, and sends nothing that is empty', async () => {
    const { world } = await openPage()
    await user().type(get('composer-input'), '  {Enter}')
    expect(get('composer-send')).toHaveProperty('disabled', true)
    await user().type(get('composer-input'), 'a{Shift>}{Enter}{/Shift}b')
    expect(get('composer-input')).toHaveProperty('value', '  a\nb')
    expect(world.client.calls.some((call) => call.startsWith('send'))).toBe(false)
  })

  it('keeps letters in the text box from doing anything else', async () => {
    await talk()
    await user().type(get('composer-input'), 'mdc?')
    expect(get('mute-button').getAttribute('aria-pressed')).toBe('false')
    expect(screen.queryByTestId('readout')).toBeNull()
  })
})

describe('conversations and characters', () => {
  it('talks to another character before and during a conversation', async () => {
    const { world } = await openPage()
    await user().click(get('character-leo'))
    expect(get('talk-button').textContent).toBe('Talk to Leo')
    await user().click(get('talk-button'))
    await settle()
    expect(world.client.calls).toContain('open leo')
    await user().click(get('character-ada'))
    expect(world.client.calls).toContain('choose c1 ada')
    world.tell(null, chosen('ada'))
    expect(get('character-ada').getAttribute('aria-pressed')).toBe('true')
  })

  it('opens an earlier conversation from the list', async () => {
    const { world } = await openPage(withHistory)
    await user().click(screen.getByLabelText('Conversations'))
    await user().click(within(screen.getByRole('dialog')).getByText('An older one'))
    await settle()
    expect(location.hash).toBe('#c=old')
    expect(world.sources[0]?.closed).toBe(true)
    expect(screen.queryByRole('dialog')).toBeNull()
  })

  it('begins a new conversation, and a call goes on in it', async () => {
    const { world } = await talk(withHistory)
    await user().click(get('new-conversation'))
    await settle()
    world.connect()
    expect(location.hash).toBe('#c=c3')
    expect(world.peers.map(({ closed }) => closed)).toEqual([true, false])
    expect(world.track).toMatchObject({ stopped: false })
    expect(screen.queryByTestId('message-person')).toBeNull()
  })
})
