/** Completion in the shells themselves, as far as this machine has them. */
import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { sealedBundle, temporaryFolder } from '../support/incidents.js'
import { CLI } from '../support/nodes.js'

let temporary: { readonly path: string; remove(): void }
let id: string

beforeAll(() => {
  temporary = temporaryFolder('completion')
  const bundles = path.join(temporary.path, 'bundles')
  mkdirSync(bundles)
  id = path.basename(sealedBundle(bundles))
  mkdirSync(path.join(temporary.path, 'bin'))
  const command = path.join(temporary.path, 'bin/conductor-diag')
  writeFileSync(command, `#!/bin/sh\nexec "${process.execPath}" "${CLI}" "$@"\n`)
  chmodSync(command, 0o755)
  writeFileSync(path.join(temporary.path, 'incident.html'), '')
})
afterAll(() => temporary.remove())

/** Each asks the shell itself what it would offer behind these words; the last one is as far as it was typed. */
const SHELLS: Record<string, (words: readonly string[]) => string[]> = {
  bash: (words) => [
    '-c',
    `source <(conductor-diag completion bash)
     COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _conductor_diag; printf '%s\\n' "\${COMPREPLY[@]}"`,
    'bash',
    'conductor-diag',
    ...words,
  ],
  zsh: (words) => [
    '-f',
    '-c',
    `compdef() { : }; _files() { print -l *(N) }
     _describe() { print -l -- "\${(P@)2}" }
     source <(conductor-diag completion zsh)
     words=("$@"); CURRENT=$#; _conductor_diag`,
    'zsh',
    'conductor-diag',
    ...words,
  ],
  fish: (words) => [
    '--no-config',
    '-c',
    'conductor-diag completion fish | source; complete -C "$argv"',
    ['conductor-diag', ...words].join(' '),
  ],
}

function has(shell: string): boolean {
  return (process.env['PATH'] ?? '').split(':').some((folder) => existsSync(path.join(folder, shell)))
}

function offered(shell: string, words: readonly string[]): string[] {
  const env = {
    PATH: `${path.join(temporary.path, 'bin')}:${process.env['PATH']}`,
    HOME: temporary.path,
    CONDUCTOR_STALL_DIR: path.join(temporary.path, 'bundles'),
  }
  const args = SHELLS[shell]?.(words) ?? []
  const { status, stdout, stderr } = spawnSync(shell, args, {
    encoding: 'utf8',
    env,
    cwd: temporary.path,
    timeout: 60_000,
  })
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  return stdout.split('\n').filter((line) => line !== '')
}

for (const shell of Object.keys(SHELLS)) {
  test.skipIf(!has(shell))(`${shell} completes commands, options, ids, choices and files`, () => {
    expect(offered(shell, ['ver']).join()).toMatch(/^verify/)
    expect(offered(shell, ['show', '--ma']).map((line) => line.split(/[\t:]/)[0])).toEqual([
      '--markdown',
      '--max-bytes',
    ])
    expect(offered(shell, ['show', '01']).join()).toContain(id.slice(0, 6))
    expect(offered(shell, ['diff', id.slice(0, 6), 'la']).join()).toMatch(/^latest/)
    expect(offered(shell, ['record', '--engine', 'me']).join()).toMatch(/^memory/)
    expect(offered(shell, ['report', id, '--out', 'inc']).join()).toContain('incident.html')
  })

  test.skipIf(!has(shell))(`${shell} runs nothing of what was typed`, () => {
    offered(shell, ['show', shell === 'fish' ? '\\(touch\\ ran\\)' : '$(touch ran)', ''])
    expect(existsSync(path.join(temporary.path, 'ran'))).toBe(false)
  })
}

test('a shell that nobody knows is a usage error', () => {
  const { status, stderr } = spawnSync(process.execPath, [CLI, 'completion', 'tcsh'], { encoding: 'utf8' })
  expect(status).toBe(64)
  expect(stderr).toMatch(/bash, zsh, fish/)
})
