import { describe, expect, it } from 'vitest'
import { excerptParts } from './excerpt'

const shown = (excerpt: string) => excerptParts(excerpt).map(({ text, found }) => (found ? `[${text}]` : text))

describe('an excerpt', () => {
  it('is split into the words found and what stands between them', () => {
    expect(shown('Wo \u2068liegt\u2069 \u2068Köln\u2069, ja?')).toEqual(['Wo ', '[liegt]', ' ', '[Köln]', ', ja?'])
    expect(shown('\u2068Köln\u2069')).toEqual(['[Köln]'])
    expect(shown('nothing marked')).toEqual(['nothing marked'])
    expect(shown('')).toEqual([])
  })
  it('loses marks without a partner, and no text', () => {
    expect(shown('a \u2068b')).toEqual(['a ', 'b'])
    expect(shown('a\u2069 b \u2068\u2069c\u2069')).toEqual(['a b ', 'c'])
    expect(shown('\u2068a \u2068b\u2069')).toEqual(['a ', '[b]'])
  })
})
