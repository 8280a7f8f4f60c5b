import { readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { VERSION } from '../../../src/model/version.js'

test('names the version that package.json has', () => {
  const manifest: unknown = JSON.parse(readFileSync(path.resolve(__dirname, '../../../package.json'), 'utf8'))
  expect(manifest).toMatchObject({ version: VERSION })
})
