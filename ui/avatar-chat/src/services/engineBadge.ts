/** The installation in a word or two, for the badge of the page. */

import type { ModelDownload, ServerStatus } from './avatarClient'

export interface EngineBadge {
  readonly name: 'fetching' | 'incomplete' | 'offline' | 'local' | 'endpoint'
  readonly words: string
}

const BY_MIND: Readonly<Record<string, EngineBadge>> = {
  companion: { name: 'offline', words: 'Offline demo' },
  local: { name: 'local', words: 'On this machine' },
}

/** The models that are being fetched, each once. */
export function downloadsIn({ services }: ServerStatus): readonly ModelDownload[] {
  const byModel = new Map(services.flatMap(({ downloads }) => downloads).map((one) => [one.model, one]))
  return [...byModel.values()]
}

export function engineBadge(status: ServerStatus): EngineBadge {
  const [first, ...others] = downloadsIn(status)
  if (first) {
    const what = others.length > 0 ? `${others.length + 1} models` : first.model
    const share = others.length === 0 && first.percent !== null ? `, ${first.percent} %` : ''
    return { name: 'fetching', words: `Fetching ${what}${share}` }
  }
  if (status.bus === 'down' || status.services.some(({ up }) => !up)) return { name: 'incomplete', words: 'Incomplete' }
  const mind = status.services.find(({ name }) => name === 'dialogue')?.engine ?? ''
  return BY_MIND[mind] ?? { name: 'endpoint', words: 'Language model' }
}
