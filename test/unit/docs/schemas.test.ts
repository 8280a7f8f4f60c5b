/** The schemas in the package are those that the types make. */
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { temporaryFolder } from '../../support/incidents.js'

const ROOT = path.resolve(__dirname, '../../..')

test('schemas/ is what npm run schemas makes of the types', () => {
  const temporary = temporaryFolder('schemas')
  try {
    execFileSync(process.execPath, [path.join(ROOT, 'tools/schemas/make-schemas.mjs'), temporary.path])
    const made = readdirSync(temporary.path).sort()
    const kept = path.join(ROOT, 'schemas')
    expect(readdirSync(kept).sort()).toEqual(made)
    for (const file of made) {
      const same = readFileSync(path.join(kept, file), 'utf8') === readFileSync(path.join(temporary.path, file), 'utf8')
      expect(same, `${file} is not what the types say: npm run schemas`).toBe(true)
    }
  } finally {
    temporary.remove()
  }
}, 120_000)
