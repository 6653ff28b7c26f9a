import { describe, expect, it } from 'vitest'
import { contrast, readable } from './colour'

describe('colours', () => {
  it('are kept where white can be read on them, else darkened, else given dark text', () => {
    expect(readable('#4f46e5')).toEqual({ background: '#4f46e5', text: '#ffffff' })
    expect(readable('#2f9c95')).toEqual({ background: '#247e77', text: '#ffffff' })
    expect(readable('#fde047')).toEqual({ background: '#fde047', text: '#15151a' })
    expect(readable('teal').background).toBe('teal')
  })
  it('carry readable text, whatever the accent', () => {
    for (let hue = 0; hue < 4096; hue += 7) {
      const colour = `#${[8, 4, 0].map((shift) => ((hue >> shift) & 15).toString(16).repeat(2)).join('')}`
      const { background, text } = readable(colour)
      expect(contrast(background, text), colour).toBeGreaterThanOrEqual(4.5)
    }
  })
  it('knows the contrast of black and white', () => expect(contrast('#000000', '#ffffff')).toBeCloseTo(21))
})
