import type { ReplyView, SentenceView } from '../generated/view'
import { useConversation } from '../hooks/useConversation'
import { useServices } from '../hooks/useServices'
import { useStore } from '../hooks/useStore'
import type { ConversationState } from '../services/conversation'
import { playingIn } from '../services/status'

/** The sentence that is being played, else the last one played; undefined before the first. */
function shownOf(reply: ReplyView | null | undefined): SentenceView | undefined {
  const { sentences = [] } = reply ?? {}
  const playing = sentences.findLast(({ state }) => state === 'playing')
  return playing ?? sentences.findLast(({ state }) => state === 'played')
}

/** What the voice says of a sentence, without the marks of its Markdown; empty where there is none. */
function wordsOf(sentence: SentenceView | null | undefined): string {
  return sentence?.spoken_text ?? sentence?.text ?? ''
}

/** The person's words in the turn in progress. */
function captionOfPerson({ view, activeTurn, partial }: ConversationState): string {
  const person = view.turns.find(({ id }) => id === activeTurn)?.person
  if (!person) return ''
  if (person.state === 'discarded') return 'Sorry, I did not catch that.'
  return person.state === 'final' ? person.text : `${person.text} ${partial}`.trim()
}

/** Long sentences get a smaller type, so that they fit. */
function lengthOf(text: string): 'short' | 'long' | 'longest' {
  if (text.length <= 110) return 'short'
  return text.length <= 170 ? 'long' : 'longest'
}

/** Live captions below the face. Hidden from screen readers: the transcript announces what is final. */
export function Captions() {
  const { captions } = useStore(useServices().preferences.state)
  const conversation = useConversation()
  if (!captions || !conversation) return <div className="captions" data-testid="captions" aria-hidden />
  const { view, activeTurn } = conversation
  const turn = view.turns.find(({ id }) => id === activeTurn)
  const said = captionOfPerson(conversation)
  const sentence = shownOf(turn?.reply) ?? playingIn(view)
  const told = wordsOf(sentence)
  const saidIn = turn?.reply?.language || view.language
  const state = turn?.person?.state ?? 'final'
  return (
    <div className="captions" data-testid="captions" aria-hidden>
      {said && (
        <p data-testid="caption-person" data-state={state} lang={saidIn} dir="auto" className="caption-person">
          {said}
        </p>
      )}
      {told && (
        <p
          key={told}
          data-testid="caption-avatar"
          data-length={lengthOf(told)}
          lang={sentence?.language || view.language}
          dir="auto"
          className="caption-avatar"
        >
          {told}
        </p>
      )}
    </div>
  )
}
