import { screen } from '@testing-library/react'
import { describe, expect, it } from 'vitest'
import { openPage, settle } from '../test/page'

describe('what the services are fetching', () => {
  it('is one line while it lasts', async () => {
    const { world } = await openPage(({ client }) => {
      client.notes = ['fetching kokoro, 40 %', 'fetching face-landmarks, 1 MB']
    })
    expect(screen.getByTestId('service-notes').textContent).toBe('fetching kokoro, 40 %; fetching face-landmarks, 1 MB')
    world.client.notes = []
    await settle(3000)
    expect(screen.queryByTestId('service-notes')).toBeNull()
  })
})
