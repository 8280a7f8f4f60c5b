import { expect, test } from 'vitest'
import { inMemoryMap } from '../../../../src/v8/objects/in-memory-map.js'

// Line 1, column 1 of what runs is line 5, column 3 of the file.
const map = (sources: string[]): string => JSON.stringify({ version: 3, sources, names: [], mappings: 'AAIE' })
const url = (text: string): string => `data:application/json;base64,${Buffer.from(text).toString('base64')}`

test('tells the place in the file of a text that a loader made of it', () => {
  const original = inMemoryMap(url(map(['/app/src/shelves.ts'])), 'file:///app/src/shelves.ts')
  expect(original?.(1, 1)).toEqual({ line: 5, column: 3 })
  expect(inMemoryMap(url(map(['shelves.ts'])), '/app/src/shelves.ts')?.(1, 9)).toEqual({ line: 5, column: 3 })
  const plain = `data:application/json,${encodeURIComponent(map(['shelves.ts']))}`
  expect(inMemoryMap(plain, '/app/src/shelves.ts')?.(1, 1)).toEqual({ line: 5, column: 3 })
})

test('leaves to the disk what a bundler wrote, and what is no map', () => {
  expect(inMemoryMap(url(map(['src/a.ts', 'src/b.ts'])), '/app/dist/bundle.js')).toBeNull()
  expect(inMemoryMap(url(map(['src/a.ts'])), '/app/dist/a.js')).toBeNull()
  expect(inMemoryMap(url('{'), '/app/a.ts')).toBeNull()
  expect(inMemoryMap('a.js.map', '/app/a.ts')).toBeNull()
})
