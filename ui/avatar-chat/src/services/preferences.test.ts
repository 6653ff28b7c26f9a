import { describe, expect, it } from 'vitest'
import { PreferenceStore } from './preferences'

describe('preferences', () => {
  it('are kept by the browser', () => {
    new PreferenceStore().toggle('captions')
    expect(new PreferenceStore().state.get()).toEqual({ captions: false, readout: false, shortcuts: true })
  })
  it('fall back where what was kept is spoiled', () => {
    localStorage.setItem('visavis.preferences', '{')
    expect(new PreferenceStore().state.get().captions).toBe(true)
  })
})
