/** One path for each channel, in a square of 24 with a stroke of 1.75: signs of what they are, no brands. */
const PATHS: Readonly<Record<string, string>> = {
  // a paper plane
  telegram: 'M21 4 3 11l6.3 2.6L21 4Zm0 0-4.5 16-7.2-6.4M9.3 13.6V20l3.4-3.4',
  // a speech bubble with a voice in it
  whatsapp: 'M12 3.5a8.5 8.5 0 0 0-7.3 12.9l-1.2 4.1 4.2-1.1A8.5 8.5 0 1 0 12 3.5ZM8.5 11v2M12 9v6M15.5 11v2',
  // a folder with a voice in it
  folder:
    'M3.5 7.5a2 2 0 0 1 2-2h3.6l2 2.5h7.4a2 2 0 0 1 2 2v7a2 2 0 0 1-2 2h-13a2 2 0 0 1-2-2ZM9 13v1M12 11v5M15 13v1',
}
/** A speech bubble with words in it. */
const OTHER =
  'M5.5 5h13a2 2 0 0 1 2 2v8a2 2 0 0 1-2 2H11l-4.5 3.5V17h-1a2 2 0 0 1-2-2V7a2 2 0 0 1 2-2ZM8 9.5h8M8 12.5h5'

export function ChannelIcon({ channel, className }: { readonly channel: string; readonly className?: string }) {
  return (
    <svg
      aria-hidden
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.75"
      strokeLinecap="round"
      strokeLinejoin="round"
      className={className}
    >
      <path d={PATHS[channel] ?? OTHER} />
    </svg>
  )
}
