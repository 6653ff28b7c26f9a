/** Readable colours made of a character's accent. */

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

/** Contrast that text must have (WCAG 2.2, level AA). */
const ENOUGH = 4.5
/** Colours lighter than this, such as yellows, turn muddy when darkened: they get dark text instead. */
const LIGHT = 0.4

function darker(colour: string): string {
  const parts = (HEX.exec(colour) ?? []).slice(1)
  return `#${parts.map((part) => Math.floor(parseInt(part, 16) * 0.95).toString(16).padStart(2, '0')).join('')}`
}

/** A background close to this colour and a text colour on it that can be read. */
export function readable(colour: string): { readonly background: string; readonly text: string } {
  if (!HEX.test(colour) || luminance(colour) > LIGHT) return { background: colour, text: BLACK }
  let background = colour
  while (contrast(background, WHITE) < ENOUGH) background = darker(background)
  return { background, text: WHITE }
}
