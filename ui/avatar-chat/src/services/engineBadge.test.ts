import { describe, expect, it } from 'vitest'
import { serviceUp, STATUS } from '../test/fakes'
import type { ModelDownload, ServerStatus, ServiceStatus } from './avatarClient'
import { downloadsIn, engineBadge } from './engineBadge'

function withMind(engine: string): ServerStatus {
  return { ...STATUS, services: [serviceUp('stt', 'moonshine', ''), serviceUp('dialogue', engine, '')] }
}

function fetching(...downloads: readonly ModelDownload[]): ServerStatus {
  const stt = { ...serviceUp('stt', 'moonshine', ''), downloads }
  return { ...STATUS, services: [stt, { ...stt, name: 'tts' }] }
}

describe('the badge', () => {
  it('says which kind of mind answers', () => {
    expect(engineBadge(withMind('companion')).words).toBe('Offline demo')
    expect(engineBadge(withMind('local')).words).toBe('On this machine')
    expect(engineBadge(withMind('openai')).words).toBe('Language model')
  })

  it('says that this is a demo while the companion answers in place of the local model', () => {
    const mind = { ...serviceUp('dialogue', 'local', ''), note: 'the language model loads' }
    expect(engineBadge({ ...STATUS, services: [mind] }).words).toBe('Offline demo')
  })

  it('says what is being fetched, each model once', () => {
    const kokoro = { model: 'kokoro', percent: 40 }
    expect(engineBadge(fetching(kokoro))).toMatchObject({ words: 'Fetching kokoro, 40 %', brief: '40 %' })
    expect(engineBadge(fetching({ model: 'kokoro', percent: null })).words).toBe('Fetching kokoro')
    expect(engineBadge(fetching(kokoro, { model: 'mind', percent: 3 })).words).toBe('Fetching 2 models')
    expect(downloadsIn(fetching(kokoro))).toEqual([kokoro])
  })

  it('says why simpler engines serve in place of those on the graphics card', () => {
    const [first] = STATUS.services
    const without = (gpu_fault: ServiceStatus['gpu_fault']) =>
      engineBadge({ ...STATUS, services: STATUS.services.map((one) => (one === first ? { ...one, gpu_fault } : one)) })
    expect(without('full')).toMatchObject({ name: 'reduced', words: 'Graphics card full' })
    expect(without('lost').words).toBe('Graphics card failed')
    expect(without('absent').words).toBe('No graphics card')
    expect(without('')).toEqual(engineBadge(STATUS))
  })

  it('says that a service or the event log is missing', () => {
    const [first] = STATUS.services
    const without = { ...STATUS, services: STATUS.services.map((one) => ({ ...one, up: one !== first })) }
    expect(engineBadge(without).name).toBe('incomplete')
    expect(engineBadge({ ...STATUS, bus: 'down' }).name).toBe('incomplete')
  })
})
