/** The names of channels, for people. */

const NAMES: Readonly<Record<string, string>> = { telegram: 'Telegram', whatsapp: 'WhatsApp', folder: 'Notes folder' }

/** A channel's name; that of one that the page does not know begins with a capital. */
export function channelName(channel: string): string {
  return NAMES[channel] ?? channel.charAt(0).toUpperCase() + channel.slice(1)
}
