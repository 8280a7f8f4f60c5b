/** The Node binaries that integration tests run on. Each test asserts the version its child really had. */
import { execFileSync } from 'node:child_process'
import path from 'node:path'

export interface NodeBinary {
  readonly major: number
  readonly path: string
  /** `v22.23.3`, as the binary itself says. */
  readonly version: string
}

export const PROJECT_ROOT = path.resolve(__dirname, '../..')
export const PROGRAMS = path.join(PROJECT_ROOT, 'test/fixtures/programs')
export const CLI = path.join(PROJECT_ROOT, 'bin/conductor-diag.js')

function binary(major: number): NodeBinary {
  const file = path.join(PROJECT_ROOT, `test/nodes/node_modules/node${major}/bin/node`)
  const version = execFileSync(file, ['-p', 'process.version'], { encoding: 'utf8', env: {} }).trim()
  if (!version.startsWith(`v${major}.`)) throw new Error(`${file} is ${version}, not Node ${major}`)
  return { major, path: file, version }
}

/** Limit to some lines with `STALL_TEST_NODES=20,26`, for a quick run by hand. */
const wanted = process.env['STALL_TEST_NODES']?.split(',').map(Number)

export const NODES: readonly NodeBinary[] = [20, 22, 24, 26]
  .filter((major) => !wanted || wanted.includes(major))
  .map((major) => binary(major))
