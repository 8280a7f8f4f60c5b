/** What lint can't see: imports between folders at every depth, types included, and what a thread loads in the end. */
import { existsSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { FLOORS, THREADS, type Thread } from '../../../tools/house.mjs'
import { importsOf, sourceFiles, SRC, type Import } from './import-graph.js'

const FILES = sourceFiles()
const IMPORTS = FILES.flatMap((file) => importsOf(file)).filter((one) => one.to.endsWith('.ts'))

/** Folders of at most `depth` names; a file of a folder's own stands for the folder. */
function folderOf(file: string, depth: number): string {
  return path.posix.dirname(file).split('/').slice(0, depth).join('/')
}

const DEPTHS = [...new Set(FILES.map((file) => file.split('/').length - 1))].filter((depth) => depth > 0)

/** Groups that import each other in a circle, each with its imports: folders at a depth, or files by themselves. */
function circles(imports: readonly Import[], depth: number | 'files'): string[][] {
  const graph = new Map<string, Set<string>>()
  for (const { from, to } of imports) {
    const [a, b] = depth === 'files' ? [from, to] : [folderOf(from, depth), folderOf(to, depth)]
    if (a !== b) graph.set(a, (graph.get(a) ?? new Set()).add(b))
  }
  const reaches = (start: string): Set<string> => {
    const seen = new Set<string>()
    const queue = [...(graph.get(start) ?? [])]
    for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
      if (seen.has(next)) continue
      seen.add(next)
      queue.push(...(graph.get(next) ?? []))
    }
    return seen
  }
  const inCircle = [...graph.keys()].filter((folder) => reaches(folder).has(folder))
  return inCircle.map((folder) => [folder, ...[...(graph.get(folder) ?? [])].filter((to) => inCircle.includes(to))])
}

describe('imports between folders', () => {
  test.each([...DEPTHS, 'files' as const])('run in no circle at depth %s, types included', (depth) => {
    expect(circles(IMPORTS, depth)).toEqual([])
  })

  test('are counted at every depth that there is', () => {
    expect(DEPTHS).toEqual(expect.arrayContaining([1, 2]))
    expect(IMPORTS.length).toBeGreaterThan(FILES.length)
  })

  test('run downward between the floors, types included', () => {
    const floorOf = (file: string): number =>
      FLOORS.findIndex((floor) => floor.some(({ room }) => file.startsWith(`${room}/`)))
    const upward = IMPORTS.filter(({ from, to }) => {
      const [here, there] = [floorOf(from), floorOf(to)]
      return here >= 0 && folderOf(from, 1) !== folderOf(to, 1) && there >= here
    })
    expect(upward).toEqual([])
  })

  test('would be reported: a circle of two folders, one side a type', () => {
    const text = `import type { A } from '../b/a.js'\nexport type B = A`
    const planted = [...importsOf('a/x.ts', text), { from: 'b/a.ts', to: 'a/x.ts', typeOnly: false }]
    expect(circles(planted, 1)).toEqual([
      ['a', 'b'],
      ['b', 'a'],
    ])
    expect(circles(planted, 'files').map(([file]) => file)).toEqual(['a/x.ts', 'b/a.ts'])
  })
})

/** Everything that an entry loads, types aside: files, node's modules, packages. */
function loadedBy(thread: Thread): Map<string, string> {
  const via = new Map<string, string>()
  const queue = [...thread.entries]
  for (let file = queue.pop(); file !== undefined; file = queue.pop()) {
    if (!existsSync(path.join(SRC, file))) continue
    for (const { to, typeOnly } of importsOf(file)) {
      if (typeOnly || via.has(to)) continue
      via.set(to, file)
      if (to.endsWith('.ts')) queue.push(to)
    }
  }
  return via
}

describe.each(THREADS.map((thread) => [thread.thread, thread] as const))('the %s thread', (_name, thread) => {
  const loaded = loadedBy(thread)

  test('has its entries, and loads something', () => {
    expect(thread.entries.filter((file) => !FILES.includes(file))).toEqual([])
    expect(loaded.size).toBeGreaterThan(5)
  })

  test('loads no package but those of its row', () => {
    const packages = [...loaded.keys()].filter((to) => !to.endsWith('.ts') && !isBuiltin(to))
    expect(packages.filter((name) => !thread.packages.includes(name)).map((name) => [name, loaded.get(name)])).toEqual(
      [],
    )
  })

  test('loads none of what its row forbids', () => {
    const forbidden = [...loaded].filter(
      ([to]) => thread.not.includes(to) || thread.noRooms.some((room) => to.startsWith(`${room}/`)),
    )
    expect(forbidden).toEqual([])
  })
})
