/** A bundled file asks for its own place as the file of its source would have: what it joins to that has to be there. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'

const DIST = path.resolve(__dirname, '../../../dist')
/** A place, and what is joined to it; or what is required from it. */
const PLACE = /require\("node:path"\)\.join\(__dirname, "([^"]+)"\)((?:, "[^"]+")*)(?:\)\("(\.[^"]+)"\))?/g

test('every file that a bundled file starts or reads by its path is in the package', () => {
  const files = readdirSync(DIST, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.js'))
  const wanted = files.flatMap((file) =>
    [...readFileSync(path.join(DIST, file), 'utf8').matchAll(PLACE)].flatMap(([, place = '', joined = '', from]) => {
      const names = [...joined.matchAll(/"([^"]+)"/g)].map(([, name = '']) => name)
      const at = path.join(path.dirname(file), place)
      if (from !== undefined) return [path.join(path.dirname(at), from)]
      return names.length > 0 ? [path.join(at, ...names)] : []
    }),
  )
  expect([...new Set(wanted)]).toEqual(
    expect.arrayContaining(['../layouts', 'agent/watch-thread/watch-thread.js', 'log/stderr-sink.js', 'index.js']),
  )
  // Speedscope's page is looked for from the sources too, which are not in the package.
  const missing = wanted.filter((file) => !existsSync(path.join(DIST, file)) && !file.startsWith('../dist/'))
  expect(missing).toEqual([])
})
