import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { FakeClient, FakePeer, fakeTrack } from '../test/fakes'
import { ApiError } from './avatarClient'
import { WebRTCConnection } from './webrtcConnection'

describe('the connection for sound and picture', () => {
  let client: FakeClient
  let peers: FakePeer[]
  let connection: WebRTCConnection

  const peer = () => {
    const last = peers.at(-1)
    if (!last) throw new Error('no peer connection was made')
    return last
  }
  const call = async (microphone: MediaStreamTrack | null = null) => {
    connection = new WebRTCConnection(client, 'c1', microphone, () => {
      peers.push(new FakePeer())
      return peer() as unknown as RTCPeerConnection
    })
    await vi.advanceTimersByTimeAsync(0)
  }
  const connect = () => {
    peer().become('connected')
    peer().ping()
  }
  const offers = () => client.calls.filter((made) => made.startsWith('offer')).length

  beforeEach(() => {
    vi.useFakeTimers()
    client = new FakeClient()
    peers = []
  })
  afterEach(() => connection.close())

  it('offers microphone, picture and the control channel, without waiting for candidates', async () => {
    await call(fakeTrack())
    expect(peer().asked).toEqual(['microphone sendrecv', 'video recvonly', 'channel control', 'remote answer'])
    expect(client.calls).toEqual(['ice', 'offer c1 offer'])
    expect(connection.state.get().phase).toBe('connecting')
    connect()
    expect(connection.state.get()).toMatchObject({ phase: 'connected', retries: 0, reason: null })
    expect(connection.state.get().stream).not.toBeNull()
  })

  it('tells its addresses as it finds them, where there are servers to find them with', async () => {
    client.iceServers = [{ urls: 'turn:x' }]
    const calling = call()
    await vi.waitFor(() => expect(peers).toHaveLength(1))
    peer().gather('candidate:1')
    await calling
    peer().gather('candidate:2')
    peer().gather('')
    peer().gather(null)
    expect(client.calls).toEqual(['ice', 'offer c1 offer', 'try s1 candidate:1', 'try s1 candidate:2'])
  })

  it('keeps its addresses where there are none', async () => {
    await call()
    peer().gather('candidate:1')
    expect(client.calls).toEqual(['ice', 'offer c1 offer'])
  })

  it('only watches and listens where there is no microphone', async () => {
    await call()
    expect(peer().asked[0]).toBe('audio recvonly')
  })

  it('answers each ping, by which the gateway knows what has arrived', async () => {
    await call()
    connect()
    expect(peer().said).toEqual(['{"type":"pong","at":1}'])
    peer().move()
    expect(peers[0]?.said).toHaveLength(1)
  })

  it('makes a new connection to the same conversation with the same microphone when pings stay away', async () => {
    await call(fakeTrack())
    connect()
    for (let second = 0; second < 10; second += 1) {
      await vi.advanceTimersByTimeAsync(1000)
      peer().ping()
    }
    expect(peers).toHaveLength(1)
    await vi.advanceTimersByTimeAsync(3000)
    expect(connection.state.get()).toMatchObject({ phase: 'reconnecting', retries: 1, reason: 'silent' })
    await vi.advanceTimersByTimeAsync(500)
    expect(peers).toHaveLength(2)
    expect(peers[0]?.closed).toBe(true)
    expect(peer().asked[0]).toBe('microphone sendrecv')
    expect(client.calls).toContain('leave s1')
    connect()
    expect(connection.state.get()).toMatchObject({ phase: 'connected', retries: 0 })
  })

  it('keeps the last picture while it reconnects', async () => {
    await call()
    connect()
    const { stream } = connection.state.get()
    peer().become('failed')
    expect(connection.state.get()).toMatchObject({ phase: 'reconnecting', stream })
    await vi.advanceTimersByTimeAsync(500)
    connect()
    expect(connection.state.get().stream).not.toBe(stream)
  })

  it('gives a hole in the network three seconds to heal', async () => {
    await call()
    connect()
    peer().become('disconnected')
    await vi.advanceTimersByTimeAsync(2000)
    connect()
    await vi.advanceTimersByTimeAsync(2500)
    expect(peers).toHaveLength(1)
    peer().ping()
    peer().become('disconnected')
    await vi.advanceTimersByTimeAsync(3000)
    expect(connection.state.get().phase).toBe('reconnecting')
  })

  it('notices at once that the gateway closed the channel', async () => {
    await call()
    connect()
    peer().channel.onclose?.()
    expect(connection.state.get().phase).toBe('reconnecting')
  })

  it('goes on with another gateway at once where its own one ends', async () => {
    await call(fakeTrack())
    connect()
    const { stream } = connection.state.get()
    peer().move()
    expect(connection.state.get()).toMatchObject({ phase: 'reconnecting', retries: 0, reason: null, stream })
    await vi.advanceTimersByTimeAsync(0)
    expect(peers).toHaveLength(2)
    expect(peers[0]?.closed).toBe(true)
    expect(client.calls.filter((made) => made.startsWith('leave'))).toEqual([])
    peers[0]?.channel.onclose?.()
    connect()
    expect(connection.state.get()).toMatchObject({ phase: 'connected', retries: 0 })
    expect(peers).toHaveLength(2)
  })

  it('waits for a gateway where there is no other one yet', async () => {
    await call()
    connect()
    client.failing.set('offer', new ApiError(503, 'unavailable', 'ending', 2000))
    peer().move()
    await vi.advanceTimersByTimeAsync(0)
    expect(connection.state.get()).toMatchObject({ phase: 'reconnecting', retries: 1, reason: 'unavailable' })
    client.failing.clear()
    await vi.advanceTimersByTimeAsync(2000)
    connect()
    expect(connection.state.get().phase).toBe('connected')
  })

  it('waits longer from failure to failure, and counts on where a connection dies before its first ping', async () => {
    await call()
    const seen: number[] = []
    for (let failure = 1; failure <= 6; failure += 1) {
      peer().become('connected')
      peer().become('failed')
      seen.push(connection.state.get().retries)
      await vi.advanceTimersByTimeAsync(Math.min(8000, 500 * 2 ** (failure - 1)))
      expect(peers).toHaveLength(failure + 1)
    }
    expect(seen).toEqual([1, 2, 3, 4, 5, 6])
  })

  it('tries again while the gateway cannot be reached', async () => {
    client.failing.set('ice', new ApiError(0, 'unreachable', 'refused'))
    await call()
    expect(connection.state.get()).toMatchObject({ phase: 'reconnecting', reason: 'unreachable', retries: 1 })
    client.failing.clear()
    await vi.advanceTimersByTimeAsync(500)
    connect()
    expect(connection.state.get().phase).toBe('connected')
  })

  it('waits as long as a busy gateway asks for', async () => {
    client.failing.set('offer', new ApiError(503, 'unavailable', 'full', 5000))
    await call()
    expect(connection.state.get()).toMatchObject({ phase: 'reconnecting', reason: 'unavailable' })
    await vi.advanceTimersByTimeAsync(4900)
    expect(offers()).toBe(1)
    await vi.advanceTimersByTimeAsync(200)
    expect(offers()).toBe(2)
  })

  it('gives up where the gateway says no', async () => {
    client.failing.set('offer', new ApiError(404, 'not_found', 'no such conversation'))
    await call()
    expect(connection.state.get()).toMatchObject({ phase: 'refused', reason: 'not_found' })
    await vi.advanceTimersByTimeAsync(60_000)
    expect(offers()).toBe(1)
  })

  it('does not wait on when the network is back', async () => {
    client.failing.set('ice', new ApiError(0, 'unreachable', 'refused'))
    await call()
    client.failing.clear()
    window.dispatchEvent(new Event('online'))
    await vi.advanceTimersByTimeAsync(0)
    expect(offers()).toBe(1)
    window.dispatchEvent(new Event('online'))
    await vi.advanceTimersByTimeAsync(0)
    expect(offers()).toBe(1)
  })

  it('gives up on an attempt that does not connect in ten seconds', async () => {
    await call()
    await vi.advanceTimersByTimeAsync(10_000)
    expect(connection.state.get().phase).toBe('reconnecting')
  })

  it('leaves its session when it is closed, and lets the microphone be', async () => {
    const track = fakeTrack()
    await call(track)
    connect()
    connection.close()
    connection.close()
    expect(peer().closed).toBe(true)
    expect(client.calls.filter((made) => made.startsWith('leave'))).toEqual(['leave s1'])
    expect(track).toMatchObject({ stopped: false })
    expect(connection.state.get()).toMatchObject({ phase: 'closed', stream: null })
    expect(await connection.stats()).toBeNull()
  })

  it('leaves a session that is answered after it was closed', async () => {
    const early = new WebRTCConnection(client, 'c1', null, () => {
      peers.push(new FakePeer())
      return peer() as unknown as RTCPeerConnection
    })
    await Promise.resolve()
    await Promise.resolve()
    early.close()
    await vi.advanceTimersByTimeAsync(0)
    expect(peers.every(({ closed }) => closed)).toBe(true)
    const started = client.calls.filter((made) => made.startsWith('offer')).length
    expect(client.calls.filter((made) => made.startsWith('leave'))).toHaveLength(started)
    await call()
  })

  it('tells the gateway when the page goes away', async () => {
    await call()
    window.dispatchEvent(new Event('pagehide'))
    expect(client.calls.at(-1)).toBe('leave s1')
  })
})
