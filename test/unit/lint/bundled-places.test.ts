/** A bundled file asks for its own place as the file of its source would have: each of those places has to be there. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'

const DIST = path.resolve(__dirname, '../../../dist')
const PLACE = /require\("node:path"\)\.join\(__dirname, "([^"]+)"\)/g

test('every place that a bundled file asks for is in dist', () => {
  const files = readdirSync(DIST, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.js'))
  const places = files.flatMap((file) =>
    [...readFileSync(path.join(DIST, file), 'utf8').matchAll(PLACE)].map(([, place = '']) => ({
      file,
      place,
      there: existsSync(path.join(DIST, path.dirname(file), place)),
    })),
  )
  expect(places.length).toBeGreaterThan(5)
  expect(places.filter(({ there }) => !there)).toEqual([])
})
