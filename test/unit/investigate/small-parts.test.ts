import { describe, expect, test } from 'vitest'
import { entryOf } from '../../../src/investigate/identity.js'
import { toBundlePointer, toDumpPointer } from '../../../src/investigate/pointers.js'
import { debugPortOf } from '../../../src/inspector/connection/debug-port.js'

describe('entryOf', () => {
  test('finds the script behind options with and without values', () => {
    expect(entryOf(['node', '--require', 'x', '-r', 'y', '--inspect', 'app.js', '--port', '1'], '/srv')).toBe(
      '/srv/app.js',
    )
    expect(entryOf(['node', '/opt/a.mjs'], null)).toBe('/opt/a.mjs')
  })

  test('finds none where there is none', () => {
    expect(entryOf(['node', '-e', '1'], '/srv')).toBeNull()
    expect(entryOf(['node'], '/srv')).toBeNull()
    expect(entryOf(['node', 'app.js'], null)).toBeNull()
  })
})

describe('toBundlePointer', () => {
  test('puts the file before the hash', () => {
    expect(toBundlePointer('#/awaits/0')).toBe('awaits.json#/0')
    expect(toBundlePointer('#/threads/2/frames/0')).toBe('threads.json#/2/frames/0')
    expect(toBundlePointer('#/other/0')).toBe('#/other/0')
    for (const pointer of ['#/awaits/0', '#/threads/2/frames/0', '#/other/0']) {
      expect(toDumpPointer(toBundlePointer(pointer))).toBe(pointer)
    }
  })
})

describe('debugPortOf', () => {
  test('reads the port out of every form of the option', () => {
    expect(debugPortOf([])).toEqual({ port: 9229, requested: false })
    expect(debugPortOf(['--inspect'])).toEqual({ port: 9229, requested: true })
    expect(debugPortOf(['--inspect=4000'])).toEqual({ port: 4000, requested: true })
    expect(debugPortOf(['--inspect-brk=0.0.0.0:4001'])).toEqual({ port: 4001, requested: true })
    expect(debugPortOf(['--inspect=[::1]:4002'])).toEqual({ port: 4002, requested: true })
    expect(debugPortOf(['--inspect=0'])).toEqual({ port: 0, requested: true })
    expect(debugPortOf(['--inspect-port=4003'])).toEqual({ port: 4003, requested: false })
    expect(debugPortOf(['--inspect=localhost'])).toEqual({ port: 9229, requested: true })
    expect(debugPortOf(['--inspector-of-things'])).toEqual({ port: 9229, requested: false })
  })
})
