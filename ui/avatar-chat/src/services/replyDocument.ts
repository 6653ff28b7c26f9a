/** The Markdown document of a reply, and the sentences in it. */

import type { Element, ElementContent, Root, Text } from 'hast'
import type { Root as MarkdownRoot, RootContent } from 'mdast'
import type { SentenceView } from '../generated/view'

/** A sentence and where it is in the document. */
export interface Part {
  readonly sentence: SentenceView
  readonly from: number
  readonly to: number
}

/** The texts of the sentences with the space between them, as the model wrote them. */
export function replyDocument(sentences: readonly SentenceView[]): { text: string; parts: readonly Part[] } {
  const parts: Part[] = []
  let text = ''
  for (const sentence of sentences) {
    if (text) text += sentence.space_before
    parts.push({ sentence, from: text.length, to: text.length + sentence.text.length })
    text += sentence.text
  }
  return { text, parts }
}

/** Stands for a star that is a sign and no mark of emphasis, until the document has been parsed. */
const STAR = '\uE000'

/** The same document, where stars between numbers cannot be taken for marks of emphasis: 2**3 and 4**5. */
export function keepSigns(text: string): string {
  return text.replace(/(?<=[\d)])\*+(?=[\d(])/g, (stars) => STAR.repeat(stars.length))
}

/** Shows `<br>` as the end of a line; all other HTML stays what it is, text. */
export function showBreaks() {
  return (tree: MarkdownRoot) => {
    const visit = (parent: { children: RootContent[] }) => {
      parent.children.forEach((child, place) => {
        const isBreak = child.type === 'html' && /^<br\s*\/?>$/i.test(child.value.trim())
        if (isBreak) parent.children[place] = { type: 'break' }
        else if ('children' in child) visit(child)
      })
    }
    visit(tree)
  }
}

interface Marking {
  readonly parts: readonly Part[]
  readonly cut: boolean
}

/** Wraps the text of each sentence in an element that says how far it has been spoken. */
export function markSentences({ parts, cut }: Marking) {
  return (tree: Root) => {
    const visit = (parent: Root | Element) => {
      parent.children = parent.children.flatMap((child, place): ElementContent[] => {
        if (child.type === 'element') visit(child)
        // The line of the source ends behind the break; it is shown as one.
        const before = parent.children[place - 1]
        const afterBreak = before?.type === 'element' && before.tagName === 'br'
        if (child.type === 'text' && child.value === '\n' && afterBreak) return []
        return child.type === 'text' ? marked(child, parts, cut) : [child as ElementContent]
      })
    }
    visit(tree)
  }
}

/** A piece of text, cut where a sentence begins or ends. */
function marked(text: Text, parts: readonly Part[], cut: boolean): ElementContent[] {
  const value = text.value.replaceAll(STAR, '*')
  const from = text.position?.start.offset
  const to = text.position?.end.offset
  if (from === undefined || to === undefined || !value.trim()) return [{ ...text, value }]
  // The text is shorter than its source where a sign is escaped; the difference is a few characters.
  const place = (offset: number) => Math.round(((offset - from) * value.length) / Math.max(1, to - from))
  const found: ElementContent[] = []
  let done = 0
  for (const part of parts) {
    if (part.to <= from || part.from >= to) continue
    const start = Math.max(done, place(Math.max(part.from, from)))
    const end = Math.max(start, place(Math.min(part.to, to)))
    if (start > done) found.push({ type: 'text', value: value.slice(done, start) })
    if (end > start) found.push(sentenceElement(part.sentence, value.slice(start, end), cut))
    done = end
  }
  if (done < value.length) found.push({ type: 'text', value: value.slice(done) })
  return found
}

function sentenceElement({ state, spoken_text }: SentenceView, value: string, cut: boolean): Element {
  // What is only shown, such as code, has been there to be read.
  const unheard = cut && state === 'unspoken' && spoken_text !== ''
  const className = ['sentence', ...(unheard ? ['text-ink-soft', 'line-through'] : [])]
  return {
    type: 'element',
    tagName: 'span',
    properties: { className, 'data-state': state },
    children: [{ type: 'text', value }],
  }
}
