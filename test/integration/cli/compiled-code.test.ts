/** The compiled code that the command line keeps: used where it fits, made anew where it does not, believed from nobody else. */
import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { CLI, NODES, PROJECT_ROOT } from '../../support/nodes.js'

const LOADER = path.join(PROJECT_ROOT, 'build/cli/load-compiled.js')

let home: string
let folder: string

beforeEach(() => {
  home = mkdtempSync(path.join(tmpdir(), 'compiled-code-'))
  folder = path.join(home, 'conductor-stall-agent/compiled')
})
afterEach(() => rmSync(home, { recursive: true, force: true }))

function run(node: string, args: readonly string[], env: Record<string, string> = {}): string {
  const { stdout, stderr, status, signal } = spawnSync(node, args, {
    encoding: 'utf8',
    env: { PATH: process.env['PATH'] ?? '', XDG_CACHE_HOME: home, ...env },
  })
  expect({ status, signal, stderr }).toEqual({ status: 0, signal: null, stderr: '' })
  return stdout
}

/** The one file that there is, and when it was made. */
function kept(): { file: string; inode: number } {
  const names = readdirSync(folder)
  expect(names.length).toBe(1)
  const file = path.join(folder, names[0] ?? '')
  return { file, inode: statSync(file).ino }
}

describe.each(NODES)('on Node $major', ({ path: node, version }) => {
  it('keeps what a command compiled, ours alone, and takes it the next time', () => {
    const first = run(node, [CLI, 'dump', '--help'])
    const { file, inode } = kept()
    expect(path.basename(file)).toContain(`${version}-${process.arch}-dump-`)
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(run(node, [CLI, 'dump', '--help'])).toBe(first)
    // Refused code would have been replaced.
    expect(kept().inode).toBe(inode)
  })

  it('compiles a file anew that has changed, also where it is as long as before', () => {
    const program = writeProgram('one')
    expect(run(node, program)).toBe('one\n')
    const { inode } = kept()
    expect(run(node, program)).toBe('one\n')
    expect(kept().inode).toBe(inode)
    writeProgram('two')
    expect(run(node, program)).toBe('two\n')
    expect(kept().inode).not.toBe(inode)
  })

  it.each([
    ['has a block that the disk has lost', (file: string) => writeFileSync(file, withoutBlock(file))],
    ['ends too early', (file: string) => truncateSync(file, 5000)],
    ['is empty', (file: string) => truncateSync(file, 0)],
    ['others may write', (file: string) => chmodSync(file, 0o666)],
  ])('takes nothing from a file that %s, and replaces it', (_, spoil) => {
    const before = run(node, [CLI, 'dump', '--help'])
    const { file, inode } = kept()
    spoil(file)
    expect(run(node, [CLI, 'dump', '--help'])).toBe(before)
    expect(kept().inode).not.toBe(inode)
  })

  it('leaves it to Node where the user has said so, and keeps nothing of a word that is no command', () => {
    run(node, [CLI, '--version'], { NODE_DISABLE_COMPILE_CACHE: '1' })
    expect(existsSync(folder)).toBe(false)
    spawnSync(node, [CLI, 'dumb'], { env: { XDG_CACHE_HOME: home } })
    expect(readdirSync(folder)).toEqual([])
  })
})

/** A file that requires another one, by the loader and by Node, and that imports: it is one and the same each time. */
function writeProgram(word: string): string[] {
  const place = path.join(home, 'program')
  mkdirSync(place, { recursive: true })
  writeFileSync(path.join(place, 'part.js'), `exports.say = () => '${word}'`)
  writeFileSync(
    path.join(place, 'importing.js'),
    "exports.required = require('./part.js'); exports.part = () => import('./part.js')",
  )
  writeFileSync(
    path.join(place, 'main.js'),
    `const part = require('./part.js')
    const again = require('node:module').createRequire(__filename)('./part.js')
    const importing = require('./importing.js')
    exports.say = async () => {
      const imported = await importing.part()
      if (again !== part || importing.required !== part || imported.default !== part) throw new Error('loaded twice')
      console.log(part.say())
    }`,
  )
  const script = `require(${JSON.stringify(LOADER)}).loadCompiled(${JSON.stringify(path.join(place, 'main.js'))}, require, 'dump').say()`
  return ['-e', script]
}

/** V8 would crash on it. */
function withoutBlock(file: string): Buffer {
  const bytes = readFileSync(file)
  bytes.fill(0, 8192, 12_288)
  return bytes
}
