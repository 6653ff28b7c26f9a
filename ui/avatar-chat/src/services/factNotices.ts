/** What the person is told of single facts. */

import type { Fact } from '../generated/events'
import type { Notice } from './notices'

function news(id: string, title: string, detail: string): Notice {
  return { id, tone: 'news', title, detail }
}

function sentence(words: string): string {
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}.`
}

/** The notice about a fact; null where there is nothing to tell. */
export function noticeOf(body: Fact): Notice | null {
  if (body.type === 'reply.failed') return news('reply', 'There was no answer', body.detail)
  if (body.type === 'speech.failed' && body.code === 'no_voice') {
    return news('no-voice', 'This answer can only be read', sentence(body.detail))
  }
  if (body.type === 'utterance.discarded' && body.detail) {
    return news('language', 'That language is not understood here', `${body.detail}. You can write.`)
  }
  if (body.type === 'command.recognised' && body.name === 'text_only') {
    return news('voice', 'Answers are written only', 'Say or write "voice on" to hear it again.')
  }
  if (body.type === 'face.made' && body.warning) {
    // It stays until it is dismissed: the face may look wrong for as long as it is used.
    return { id: 'face', tone: 'problem', title: 'The face may look wrong', detail: sentence(body.warning) }
  }
  if (body.type === 'service.step_failed') return news('step', `A step failed: ${body.service}`, body.detail)
  return null
}
