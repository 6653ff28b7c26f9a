/** Excerpts of search results: plain text, in which words found stand between U+2068 and U+2069 (docs/api.md). */

export interface ExcerptPart {
  readonly text: string
  readonly found: boolean
}

/** The parts of an excerpt in order. Marks without their partner, which may have been spoken, are left out. */
export function excerptParts(excerpt: string): readonly ExcerptPart[] {
  const [before = '', ...marked] = excerpt.split('\u2068')
  const parts: ExcerptPart[] = [{ text: before, found: false }]
  for (const piece of marked) {
    const end = piece.indexOf('\u2069')
    if (end > 0) parts.push({ text: piece.slice(0, end), found: true })
    parts.push({ text: end < 0 ? piece : piece.slice(end + 1), found: false })
  }
  return parts
    .map(({ text, found }) => ({ text: text.replaceAll('\u2069', ''), found }))
    .filter(({ text }) => text !== '')
}
