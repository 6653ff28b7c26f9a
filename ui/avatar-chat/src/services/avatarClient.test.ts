import { beforeEach, describe, expect, it, vi } from 'vitest'
import { STATUS } from '../test/fakes'
import { AvatarClient, ApiError } from './avatarClient'

describe('the API', () => {
  const asked: { url: string; init: RequestInit }[] = []
  let answer: () => Promise<Response>
  const client = new AvatarClient()

  beforeEach(() => {
    asked.length = 0
    answer = () => Promise.resolve(Response.json({}))
    vi.stubGlobal('fetch', (url: string, init: RequestInit) => {
      asked.push({ url, init })
      return answer()
    })
  })

  it('asks below the path of the page, so that it works behind a proxy', async () => {
    await client.characters()
    expect(asked[0]?.url).toBe('api/characters')
    expect(client.eventsUrl('c1', 7)).toBe('api/conversations/c1/events?after=7')
  })

  it('says what the contract says for every call', async () => {
    answer = () => Promise.resolve(Response.json({ iceServers: [{ urls: 'stun:x' }] }))
    await client.conversations()
    await client.search('Köln & "Bonn"?')
    await client.open('ada', 'm-0')
    await client.open(null)
    await client.conversation('c1')
    await client.send('c1', 'hello', 'm-1')
    await client.choose('c1', 'leo')
    await client.interrupt('c1')
    expect(await client.ice()).toEqual([{ urls: 'stun:x' }])
    client.tryCandidates('s1', ['candidate:1', 'candidate:2'])
    expect(asked.map(({ url, init }) => [init.method, url, init.body])).toEqual([
      ['GET', 'api/conversations', null],
      ['GET', 'api/search?text=K%C3%B6ln%20%26%20%22Bonn%22%3F', null],
      ['POST', 'api/conversations', '{"character":"ada","request":"m-0"}'],
      ['POST', 'api/conversations', '{}'],
      ['GET', 'api/conversations/c1', null],
      ['POST', 'api/conversations/c1/messages', '{"text":"hello","message":"m-1"}'],
      ['PUT', 'api/conversations/c1/character', '{"character":"leo"}'],
      ['POST', 'api/conversations/c1/interrupt', null],
      ['GET', 'api/rtc/ice', null],
      ['PATCH', 'api/rtc/s1', 'a=candidate:1\r\na=candidate:2\r\n'],
    ])
  })

  it('sends a photo as a form, whose type the browser says', async () => {
    answer = () => Promise.resolve(Response.json({ character: 'zoe-1' }, { status: 202 }))
    const photo = new File(['photo'], 'me.jpg', { type: 'image/jpeg' })
    expect(await client.requestFace('c1', photo, { name: 'Zoe', voice: 'female', personality: '' })).toBe('zoe-1')
    const { url, init } = asked[0] ?? { url: '', init: {} }
    expect([init.method, url, init.headers]).toEqual(['POST', 'api/conversations/c1/characters', {}])
    const form = init.body as FormData
    expect(Object.fromEntries(form)).toEqual({ name: 'Zoe', voice: 'female', personality: '', photo })
    await client.removeCharacter('zoe-1')
    expect([asked[1]?.init.method, asked[1]?.url]).toEqual(['DELETE', 'api/characters/zoe-1'])
  })

  it('asks for the status', async () => {
    answer = () => Promise.resolve(Response.json(STATUS))
    expect(await client.status()).toEqual(STATUS)
    expect(asked[0]?.url).toBe('api/status')
  })

  it('sends an offer as SDP and reads the session from the answer', async () => {
    answer = () => Promise.resolve(new Response('v=0', { status: 201, headers: { Location: '/api/rtc/s9' } }))
    expect(await client.offer('c1', 'offer')).toEqual({ sdp: 'v=0', session: 's9' })
    expect(asked[0]?.init.headers).toEqual({ 'Content-Type': 'application/sdp' })
    answer = () => Promise.resolve(new Response('v=0', { status: 201 }))
    await expect(client.offer('c1', 'offer')).rejects.toMatchObject({ code: 'no_session' })
  })

  it('passes on what the gateway says is wrong', async () => {
    const error = { error: { code: 'unavailable', message: 'full' } }
    answer = () => Promise.resolve(Response.json(error, { status: 503, headers: { 'Retry-After': '2' } }))
    await expect(client.characters()).rejects.toMatchObject({ code: 'unavailable', message: 'full', retryAfter: 2000 })
  })

  it('understands the errors of proxies and of networks', async () => {
    answer = () => Promise.resolve(new Response('<html>', { status: 502 }))
    await expect(client.characters()).rejects.toMatchObject({ status: 502, code: 'unreachable', retryable: true })
    answer = () => Promise.reject(new TypeError('Failed to fetch'))
    await expect(client.characters()).rejects.toMatchObject({ status: 0, code: 'unreachable', retryable: true })
    expect(new ApiError(404, 'not_found', '').retryable).toBe(false)
  })

  it('leaves by beacon, and by a request that outlives the page where there is none', () => {
    const beacons: string[] = []
    let works = true
    const sendBeacon = (url: string) => (beacons.push(url), works)
    vi.stubGlobal('navigator', { sendBeacon })
    client.leave('s1')
    works = false
    client.leave('s2')
    expect(beacons).toEqual(['api/rtc/s1/leave', 'api/rtc/s2/leave'])
    expect(asked.map(({ url, init }) => [url, init.method, init.keepalive])).toEqual([['api/rtc/s2', 'DELETE', true]])
  })
})
