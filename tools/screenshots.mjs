// Pictures of the report of a real incident: the demo's, opened from a disk in Chromium with the network off.
// usage: npm run screenshots [-- --out FOLDER] [--wedge regexp|child|await]
import { spawnSync } from 'node:child_process'
import path from 'node:path'
import { parseArgs } from 'node:util'

const { values } = parseArgs({
  options: { out: { type: 'string', default: 'screenshots' }, wedge: { type: 'string', default: 'regexp' } },
})
const out = path.resolve(values.out)
const args = [
  'vitest',
  'run',
  '--project',
  'integration',
  'test/integration/report-access.test.ts',
  '-t',
  'pictures of',
]
const env = { ...process.env, STALL_SCREENSHOTS: out, STALL_SCREENSHOTS_WEDGE: values.wedge }
const { status } = spawnSync('npx', args, { stdio: 'inherit', env, cwd: path.resolve(import.meta.dirname, '..') })
if (status === 0) console.log(`${out}: desktop.png, dark.png, phone.png, report.html, report.md, report.pdf`)
process.exitCode = status ?? 1
