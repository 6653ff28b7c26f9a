import { render, screen } from '@testing-library/react'
import { describe, expect, it } from 'vitest'
import type { SentenceView } from '../generated/view'
import { ReplyText } from './ReplyText'

type Given = Partial<SentenceView> & { readonly text: string }

function show(sentences: readonly Given[], cut = false): HTMLElement {
  const whole = sentences.map((one, index): SentenceView => {
    const plain = { language: 'en', emotion: 'neutral', spoken_text: null, space_before: ' ' } as const
    return { index, ...plain, speech: null, state: 'played', ...one }
  })
  return render(<ReplyText sentences={whole} cut={cut} language="en" />).container
}

/** The marked pieces of text with their states. */
function states(page: HTMLElement): (string | null)[][] {
  return [...page.querySelectorAll('.sentence')].map((one) => [one.textContent, one.getAttribute('data-state')])
}

describe('The text of a reply', () => {
  it('is shown with its emphasis, and each sentence with its state', () => {
    const page = show([
      { text: 'This is **very', state: 'played' },
      { text: 'good.** I *think* so.', state: 'playing' },
    ])
    expect(page.textContent.trim()).toBe('This is very good. I think so.')
    expect(page.querySelector('strong')?.textContent).toBe('very good.')
    expect(states(page)).toEqual([
      ['This is ', 'played'],
      ['very', 'played'],
      ['good.', 'playing'],
      [' I ', 'playing'],
      ['think', 'playing'],
      [' so.', 'playing'],
    ])
  })

  it('keeps the form of code and of tables', () => {
    const code = '```sql\nSELECT name\n  FROM guests;\n```'
    const page = show([
      { text: 'Ask:' },
      { text: code, spoken_text: '', space_before: '\n\n', state: 'unspoken' },
      { text: '| a | b |\n|---|---|', spoken_text: '', space_before: '\n\n', state: 'unspoken' },
      { text: '| 1 | 2 |', spoken_text: '', space_before: '\n', state: 'unspoken' },
      { text: 'Done.', space_before: '\n\n' },
    ])
    expect(page.querySelector('pre code')?.textContent).toBe('SELECT name\n  FROM guests;\n')
    expect([...page.querySelectorAll('td')].map((cell) => cell.textContent)).toEqual(['1', '2'])
    expect(page.querySelector('.table-scroller table')).not.toBeNull()
    expect(page.querySelector('p:last-of-type')?.textContent).toBe('Done.')
  })

  it('has lists, and headings that are none of the page', () => {
    const page = show([
      { text: '# Plan', spoken_text: 'Plan' },
      { text: '1. Milk', space_before: '\n\n' },
      { text: '2. Tea', space_before: '\n' },
    ])
    expect(page.querySelector('h1, h2')).toBeNull()
    expect(page.querySelector('.title')?.textContent).toBe('Plan')
    expect([...page.querySelectorAll('ol > li')].map((point) => point.textContent)).toEqual(['Milk', 'Tea'])
  })

  it.each(['javascript:alert(1)', 'JaVaScRiPt:alert(1)', 'data:text/html,x', 'vbscript:x', '/api/conversations', 'x'])(
    'does not link to %s',
    (address) => {
      const page = show([{ text: `[here](${address}) and ![seen](${address})` }])
      expect(page.querySelector('a, img')).toBeNull()
      expect(page.textContent.trim()).toBe('here and seen')
    },
  )

  it('links to pages and mailboxes without telling them where from, and fetches no pictures', () => {
    show([{ text: '[page](https://example.org/a) ![cat](https://example.org/c.png) <ada@example.org>' }])
    const links = screen.getAllByRole('link')
    expect(links.map((link) => link.getAttribute('href'))).toEqual([
      'https://example.org/a',
      'https://example.org/c.png',
      'mailto:ada@example.org',
    ])
    expect(links.map((link) => link.getAttribute('rel'))).toEqual(links.map(() => 'noopener noreferrer'))
    expect(document.querySelector('img')).toBeNull()
  })

  it('shows HTML as text, but breaks lines', () => {
    const page = show([{ text: 'Line.<br>Line. <b onclick="x()">bold</b> <img src=x onerror=y>' }])
    expect(page.querySelectorAll('br')).toHaveLength(1)
    expect(page.querySelector('b, img, [onclick]')).toBeNull()
    expect(page.textContent).toContain('<img src=x onerror=y>')
  })

  it('keeps signs that look like marks', () => {
    expect(show([{ text: '2**3 and 4**5, ~5 to ~6, $a^2$, a_b_c, 3 * 4 * 5.' }]).textContent.trim()).toBe(
      '2**3 and 4**5, ~5 to ~6, $a^2$, a_b_c, 3 * 4 * 5.',
    )
  })

  it('crosses out what an interruption left unheard, but not what was only shown', () => {
    const page = show(
      [
        { text: 'Heard.' },
        { text: '`x = 1`', spoken_text: '', state: 'unspoken' },
        { text: 'Not heard.', state: 'unspoken' },
      ],
      true,
    )
    expect([...page.querySelectorAll('.line-through')].map((one) => one.textContent)).toEqual(['Not heard.'])
  })

  it('lets every paragraph and point find its own direction', () => {
    const apart = { space_before: '\n\n' }
    const page = show([{ text: 'Hello.' }, { text: 'أين أنت؟', ...apart }, { text: '- نعم', ...apart }])
    const directions = [...page.querySelectorAll('p, li')].map((block) => block.getAttribute('dir'))
    expect(directions).toEqual(['auto', 'auto', 'auto'])
  })
})
