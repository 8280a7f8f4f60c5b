/** Waits are facts until report/ puts them into words, and nobody looks into the words again. */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { sourceFiles, SRC } from './import-graph.js'

const READERS = /^(?:awaits|resources|native|v8|inspector\/heap)\//
const SENTENCE = /\b(?:summary|heldThrough|doubt|deadlock)\??:/
const PARSED =
  /\b(?:summary|heldThrough|doubt|example)\??\.(?:replace|match|matchAll|split|includes|startsWith|endsWith|indexOf|slice|search)\(|\.(?:test|exec)\([\w.]*\.(?:summary|heldThrough|doubt|example)\b/

const FILES = sourceFiles().map((file) => ({ file, text: readFileSync(path.join(SRC, file), 'utf8') }))

describe('sentences', () => {
  test('of waits are made by none of the readers of a process', () => {
    const readers = FILES.filter(({ file }) => READERS.test(file))
    expect(readers.length).toBeGreaterThan(100)
    expect(readers.filter(({ text }) => SENTENCE.test(text)).map(({ file }) => file)).toEqual([])
  })

  test('are parsed nowhere', () => {
    expect(FILES.filter(({ text }) => PARSED.test(text)).map(({ file }) => file)).toEqual([])
  })

  test.each(["waits.summary.replace(/x/, '')", 'LOCK.test(leaf.waits.heldThrough)', "each.example?.split(', ')"])(
    'would be reported: %s',
    (code) => {
      expect(PARSED.test(code)).toBe(true)
    },
  )
})
