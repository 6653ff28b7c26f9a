import { describe, expect, it } from 'vitest'

const SOURCES = import.meta.glob<string>('../**/*.{ts,tsx}', { query: '?raw', import: 'default', eager: true })

/** A relative import as a path from this folder, like the keys of SOURCES. */
function resolve(from: string, relative: string): string | undefined {
  const { pathname } = new URL(relative, new URL(from, 'file:///src/test/'))
  const path = pathname.startsWith('/src/test/') ? `./${pathname.slice(10)}` : `../${pathname.slice(5)}`
  return [`${path}.ts`, `${path}.tsx`, path].find((candidate) => candidate in SOURCES)
}

/** Which modules each module imports; types count too, since a circle of types is one for the reader. */
function importsOf(sources: Readonly<Record<string, string>>): ReadonlyMap<string, readonly string[]> {
  const imported = ([path, text]: [string, string]): [string, string[]] => {
    const names = Array.from(text.matchAll(/(?:from|import) '(\.[^']*)'/g), ([, name = '']) => resolve(path, name))
    return [path, names.filter((name) => name !== undefined)]
  }
  return new Map(Object.entries(sources).map(imported))
}

/** A circle of imports that can be reached from here; null where there is none. */
function circle(imports: ReadonlyMap<string, readonly string[]>, path: readonly string[]): readonly string[] | null {
  for (const next of imports.get(path.at(-1) ?? '') ?? []) {
    if (path.includes(next)) return [...path.slice(path.indexOf(next)), next]
    const found = circle(imports, [...path, next])
    if (found) return found
  }
  return null
}

describe('imports', () => {
  it('go in no circle, neither of values nor of types', () => {
    const imports = importsOf(SOURCES)
    expect(imports.get('../main.tsx')).toContain('../components/Pages.tsx')
    expect(imports.get('./page.tsx')).toContain('./fakes.ts')
    for (const path of imports.keys()) expect(circle(imports, [path])).toBeNull()
  })

  it('are found where they go in one', () => {
    const files = new Map([
      ['a', ['b']],
      ['b', ['c', 'd']],
      ['c', []],
      ['d', ['b']],
    ])
    expect(circle(files, ['a'])).toEqual(['b', 'd', 'b'])
    expect(circle(files, ['c'])).toBeNull()
  })
})
