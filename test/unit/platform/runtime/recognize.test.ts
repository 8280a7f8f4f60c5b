/** Runtimes by the symbols of their binaries; Deno and Bun as they are shipped have none of their marks, but their name. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { recognizeFile } from '../../../../src/platform/runtime/recognize-file.js'
import { tinyElf } from '../elf/tiny-elf.js'

const folder = mkdtempSync(path.join(tmpdir(), 'recognize-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function binary(name: string, symbol: string): string {
  const file = path.join(folder, name)
  writeFileSync(file, tinyElf({ symbols: [{ name: symbol, value: 0x401000, size: 16, type: 2 }] }))
  return file
}

it.each([
  ['worker-1', '_ZN4node5StartEiPPc', 'node'],
  ['worker-2', 'v8__Isolate__New', 'deno'],
  ['worker-3', 'JSGlobalContextCreate', 'bun'],
  ['worker-4', '_ZN8electron12NodeBindings20CreateNodeIsolateDataEv', 'electron'],
  ['deno', 'main', 'deno'],
  ['bun', 'main', 'bun'],
  ['node', 'main', 'other'],
])('takes %s with the symbol %s for %s', (name, symbol, kind) => {
  expect(recognizeFile(binary(name, symbol)).kind).toBe(kind)
})

it('takes a script for no Node', () => {
  const file = path.join(folder, 'script')
  writeFileSync(file, '#!/usr/bin/env node\n')
  expect(recognizeFile(file).kind).toBe('other')
})
