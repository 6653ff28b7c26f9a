import { memo, type ReactNode } from 'react'
import Markdown, { type Components } from 'react-markdown'
import remarkGfm from 'remark-gfm'
import type { SentenceView } from '../generated/view'
import { keepSigns, markSentences, replyDocument, showBreaks } from '../services/replyDocument'

/** Only addresses that a person may follow from here; anything else is no link. */
function safeAddress(url: string): string {
  return /^(?:https?:|mailto:)/i.test(url.trim()) ? url : ''
}

interface LinkProps {
  readonly href?: string | undefined
  readonly children?: ReactNode
}

/** A link to elsewhere; without an address, its text. */
function Link({ href, children }: LinkProps) {
  if (!href) return <>{children}</>
  return (
    <a href={href} target="_blank" rel="noopener noreferrer">
      {children}
    </a>
  )
}

/** A heading of an answer: a line in bold, since the page has headings of its own. */
function Title({ children }: Pick<LinkProps, 'children'>) {
  return (
    <p dir="auto" className="title">
      {children}
    </p>
  )
}

const COMPONENTS: Components = {
  a: ({ href, children }) => <Link href={href}>{children}</Link>,
  // Nothing is fetched from elsewhere because a model wrote so.
  img: ({ src, alt }) => <Link href={src}>{alt || src}</Link>,
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
  h1: Title,
  h2: Title,
  h3: Title,
  h4: Title,
  h5: Title,
  h6: Title,
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
