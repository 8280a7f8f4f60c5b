/**
 * Whole screens as files: a changed wording is a diff that one can read. `npm run golden` writes them anew; in a test run
 * a screen without its file, or another than its file, is a failure.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect } from 'vitest'
import { PROJECT_ROOT } from './nodes.js'

const FOLDER = path.join(PROJECT_ROOT, 'test/golden')
const WRITES = process.env['STALL_GOLDEN'] === 'write'

/** `name` without its extension. */
export function expectGolden(name: string, text: string): void {
  const file = path.join(FOLDER, `${name}.txt`)
  if (WRITES) writeFileSync(file, text)
  expect(existsSync(file), `${file} is not there: npm run golden`).toBe(true)
  expect(text).toBe(readFileSync(file, 'utf8'))
}

/** Files of a group that no screen has any more. */
export function goldenNames(prefix: string): string[] {
  return readdirSync(FOLDER)
    .filter((name) => name.startsWith(prefix))
    .map((name) => name.replace(/\.txt$/, ''))
    .toSorted()
}
