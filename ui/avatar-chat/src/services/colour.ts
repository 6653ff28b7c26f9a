/** Colours that a character's accent goes with. */

const HEX = /^#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})$/i
const WHITE = '#ffffff'
const BLACK = '#15151a'

/** Relative luminance of a colour, 0 to 1 (WCAG 2.2). Black for what is not #rrggbb. */
function luminance(colour: string): number {
  const [r = 0, g = 0, b = 0] = (HEX.exec(colour) ?? []).slice(1).map((part) => {
    const value = parseInt(part, 16) / 255
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * r + 0.7152 * g + 0.0722 * b
}

/** Contrast of two colours, 1 to 21 (WCAG 2.2). */
export function contrast(one: string, other: string): number {
  const [light, dark] = [luminance(one), luminance(other)].sort((a, b) => b - a) as [number, number]
  return (light + 0.05) / (dark + 0.05)
}

/** White or near black, whichever is easier to read on this colour. */
export function readableOn(colour: string): string {
  return contrast(colour, WHITE) >= contrast(colour, BLACK) ? WHITE : BLACK
}
