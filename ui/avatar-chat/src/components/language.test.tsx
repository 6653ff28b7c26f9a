/** Languages on the page: direction, language of each text, and what can only be read. */

import { screen } from '@testing-library/react'
import { describe, expect, it } from 'vitest'
import { listening, played, playing, sentence, spoken, unseen, written } from '../test/facts'
import { get, settle, talk, user } from '../test/page'

const panel = () => screen.getByRole('complementary', { name: 'Conversation' }).getAttribute('data-up')

describe('what is written from right to left', () => {
  it('decides the direction by itself, wherever people write or read', async () => {
    const { world } = await talk()
    world.tell('t1', written('ما اسمك؟'), sentence(0, 'اسمي آدا.', { language: 'ar' }), spoken(0), playing(0))
    for (const id of ['composer-input', 'message-person', 'caption-person', 'caption-avatar']) {
      expect([id, get(id).getAttribute('dir')]).toEqual([id, 'auto'])
    }
    expect(get('caption-avatar').getAttribute('lang')).toBe('ar')
    await user().click(screen.getByRole('button', { name: 'Conversations' }))
    expect(get('history-search').getAttribute('dir')).toBe('auto')
  })
})

describe('the transcript on phones', () => {
  it('opens by itself for answers that are written only', async () => {
    const { world } = await talk()
    expect(panel()).toBe('false')
    world.tell('t1', written('tell me more'), sentence(0, 'It can only be read.', { spoken: false }))
    expect(panel()).toBe('true')
  })

  it('stays as it is for answers that are spoken', async () => {
    const { world } = await talk()
    world.tell('t1', written('tell me more'), sentence(0, 'Listen.'), spoken(0), playing(0), played(0))
    expect(panel()).toBe('false')
  })

  it('opens where no call would play the answer, and once for each answer', async () => {
    const { world } = await talk()
    await user().click(get('leave-button'))
    await settle()
    world.tell('t1', written('hello'), sentence(0, 'Hello.'))
    expect(panel()).toBe('true')
    await user().click(screen.getByRole('button', { name: 'Hide the transcript' }))
    world.tell('t1', sentence(1, 'How are you?'))
    expect(panel()).toBe('false')
  })

  it('opens for a sentence that no voice here speaks, and says why', async () => {
    const { world } = await talk()
    const failed = { speech: 's0', reply: 'r', index: 0, code: 'no_voice', detail: "no voice here speaks 'am'" }
    world.tell('t1', written('ስምህ ማን ነው?'), sentence(0, 'አዳ ነኝ።', { language: 'am' }))
    world.tell('t1', unseen({ type: 'speech.failed', ...failed }))
    expect(panel()).toBe('true')
    expect(get('notice').textContent).toContain("No voice here speaks 'am'.")
  })
})

it('says that speech in a language is not understood here', async () => {
  const { world } = await talk()
  const detail = 'this recogniser knows English only'
  const lost = { type: 'utterance.discarded', utterance: 'u', reason: 'lost', detail, same_as: null } as const
  world.tell('t1', listening, unseen(lost))
  expect(get('notice').textContent).toContain('not understood here')
  expect(get('notice').textContent).toContain('English only')
})

it('says when the commands of the other language are understood', async () => {
  await talk()
  await user().click(screen.getByRole('button', { name: 'Help' }))
  expect(get('phrases-when').textContent).toContain('German')
})
