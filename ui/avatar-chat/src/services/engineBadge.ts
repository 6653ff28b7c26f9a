/** The installation in a word or two, for the badge of the page. */

import type { ModelDownload, ServerStatus } from './avatarClient'

export interface EngineBadge {
  readonly name: 'fetching' | 'incomplete' | 'reduced' | 'offline' | 'local' | 'endpoint'
  readonly words: string
  /** For narrow windows; with a sign of a download where one is in progress. */
  readonly brief: string
}

const BY_MIND: Readonly<Record<string, EngineBadge>> = {
  companion: badge('offline', 'Offline demo'),
  local: badge('local', 'On this machine'),
}

const WITHOUT_CARD = {
  full: 'Graphics card full',
  lost: 'Graphics card failed',
  absent: 'No graphics card',
} as const

function badge(name: EngineBadge['name'], words: string): EngineBadge {
  return { name, words, brief: words }
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
    const brief = share === '' ? 'Fetching' : `${first.percent} %`
    return { name: 'fetching', words: `Fetching ${what}${share}`, brief }
  }
  if (status.bus === 'down' || status.services.some(({ up }) => !up)) return badge('incomplete', 'Incomplete')
  const fault = status.services.map(({ gpu_fault }) => gpu_fault).find((one) => one !== '')
  if (fault) return badge('reduced', WITHOUT_CARD[fault])
  const mind = status.services.find(({ name }) => name === 'dialogue')
  if (mind?.engine === 'local' && mind.note !== '') return badge('offline', 'Offline demo') // the companion answers
  return BY_MIND[mind?.engine ?? ''] ?? badge('endpoint', 'Language model')
}
