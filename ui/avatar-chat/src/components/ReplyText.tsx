import { memo } from 'react'
import Markdown, { type Components } from 'react-markdown'
import remarkGfm from 'remark-gfm'
import type { SentenceView } from '../generated/view'
import { keepSigns, markSentences, replyDocument, showBreaks } from '../services/replyDocument'

/** Only addresses that a person may follow from here; anything else is no link. */
function safeAddress(url: string): string {
  return /^(?:https?:|mailto:)/i.test(url.trim()) ? url : ''
}

const COMPONENTS: Components = {
  a: ({ href, children }) =>
    href ? (
      <a href={href} target="_blank" rel="noopener noreferrer">
        {children}
      </a>
    ) : (
      <>{children}</>
    ),
  // Nothing is fetched from elsewhere because a model wrote so.
  img: ({ src, alt }) =>
    typeof src === 'string' && src ? (
      <a href={src} target="_blank" rel="noopener noreferrer">
        {alt || src}
      </a>
    ) : (
      <>{alt}</>
    ),
  p: ({ children }) => <p dir="auto">{children}</p>,
  li: ({ children, className }) => (
    <li dir="auto" className={className}>
      {children}
    </li>
  ),
  blockquote: ({ children }) => <blockquote dir="auto">{children}</blockquote>,
  pre: ({ children }) => (
    <pre dir="ltr" tabIndex={0} aria-label="Code">
      {children}
    </pre>
  ),
  table: ({ children }) => (
    <div className="table-scroller" tabIndex={0} role="region" aria-label="Table">
      <table dir="auto">{children}</table>
    </div>
  ),
  ...Object.fromEntries(
    // The page has headings of its own: those of an answer are lines in bold.
    (['h1', 'h2', 'h3', 'h4', 'h5', 'h6'] as const).map((name) => [
      name,
      ({ children }: { children?: React.ReactNode }) => (
        <p dir="auto" className="title">
          {children}
        </p>
      ),
    ]),
  ),
}

interface ReplyTextProps {
  readonly sentences: readonly SentenceView[]
  /** Whether the person interrupted: what was not heard is crossed out. */
  readonly cut: boolean
  readonly language: string
}

/** The text of a reply, rendered from its Markdown; each sentence shows how far it has been spoken. */
export const ReplyText = memo(function ReplyText({ sentences, cut, language }: ReplyTextProps) {
  const { text, parts } = replyDocument(sentences)
  return (
    <div dir="auto" lang={language} className="markdown wrap-anywhere">
      <Markdown
        remarkPlugins={[[remarkGfm, { singleTilde: false }], showBreaks]}
        rehypePlugins={[[markSentences, { parts, cut }]]}
        components={COMPONENTS}
        urlTransform={safeAddress}
      >
        {keepSigns(text)}
      </Markdown>
    </div>
  )
})
