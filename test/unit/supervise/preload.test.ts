import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, test } from 'vitest'
import { withPreload, workerCommand } from '../../../src/supervise/preload.js'

const AGENT = '/opt/agent/dist/index.js'

test('leaves the options of the user as they are, and first', () => {
  expect(withPreload(undefined, AGENT)).toBe(`--require ${AGENT}`)
  expect(withPreload('  ', AGENT)).toBe(`--require ${AGENT}`)
  expect(withPreload('--max-old-space-size=512 --require dd-trace/init', AGENT)).toBe(
    `--max-old-space-size=512 --require dd-trace/init --require ${AGENT}`,
  )
})

test('quotes a path the way node reads it', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'stall "quoted\\ '))
  try {
    const file = path.join(folder, 'a b.js')
    writeFileSync(file, 'globalThis.preloaded = true')
    const env = { PATH: process.env['PATH'], NODE_OPTIONS: withPreload('--no-warnings', file) }
    const seen = execFileSync(process.execPath, ['-p', 'preloaded'], { env, encoding: 'utf8' })
    expect(seen.trim()).toBe('true')
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('asks node by name, and everything else through the environment alone', () => {
  const node = workerCommand(['node', '--inspect', 'worker.js'], {}, AGENT, null, 'r1')
  expect(node.args).toEqual(['--require', AGENT, '--inspect', 'worker.js'])
  const npm = workerCommand(['npm', 'start'], { NODE_OPTIONS: '--trace-warnings' }, AGENT, '/var/bundles', 'r1')
  expect(npm).toEqual({
    file: 'npm',
    args: ['start'],
    env: {
      NODE_OPTIONS: `--trace-warnings --require ${AGENT}`,
      CONDUCTOR_STALL_RUN: 'r1',
      CONDUCTOR_STALL_DIR: '/var/bundles',
    },
  })
  expect(workerCommand(['/usr/local/bin/node', 'w.js'], {}, AGENT, null, 'r').args[0]).toBe('--require')
  expect(workerCommand(['nodemon', 'w.js'], {}, AGENT, null, 'r').args).toEqual(['w.js'])
})
