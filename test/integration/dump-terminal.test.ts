/** What a person at a terminal sees while a dump still looks, and that the answer takes its place. */
import { execFile, spawnSync } from 'node:child_process'
import path from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { startProgram } from '../support/await-target.js'
import { runCli } from '../support/cli.js'
import { NODES, PROGRAMS, PROJECT_ROOT } from '../support/nodes.js'

const WAITING = path.join(PROGRAMS, 'locals-blocked.cjs')
// oxlint-disable-next-line no-control-regex -- what moves the cursor
const WIPE = /\r(?:\u001b\[(\d+)A)?\u001b\[J/
const lacksScript = spawnSync('script', ['--version']).error !== undefined

/** All that a terminal of 100 columns and 40 rows receives. */
async function onTerminal(args: readonly string[]): Promise<string> {
  const command = [process.execPath, path.join(PROJECT_ROOT, 'bin/conductor-diag.js'), ...args].join(' ')
  const { stdout } = await promisify(execFile)('script', ['-qec', `stty cols 100 rows 40; ${command}`, '/dev/null'])
  return stdout
}

describe.skipIf(lacksScript).each(NODES)('a dump at a terminal, of Node $major', (node) => {
  it('shows stacks and sockets first, and wipes them for its answer', async () => {
    const target = await startProgram(node, WAITING)
    try {
      const seen = await onTerminal(['dump', String(target.pid)])
      const first = seen.indexOf('Main thread:')
      const wiped = WIPE.exec(seen)
      expect(wiped?.index, seen).toBeGreaterThan(first)
      const before = seen.slice(0, wiped?.index)
      const provisional = before.slice(before.lastIndexOf('\u001b[K', first))
      expect(provisional).toMatch(/Sockets:.*\d \w+\)[^]*Still looking/)
      // As many lines as stood there, so that nothing above them goes.
      expect(Number(wiped?.[1])).toBe(provisional.split('\n').length - 1)
      const after = seen.slice(wiped?.index)
      expect(after).not.toContain('Still looking')
      expect(after).toContain('confidence')
    } finally {
      target.child.kill('SIGKILL')
    }
  })

  it('shows nothing for a while where its output goes elsewhere', async () => {
    const target = await startProgram(node, WAITING)
    try {
      const { stdout, stderr } = await runCli(['dump', String(target.pid)])
      expect(stdout + stderr).not.toContain('Still looking')
      expect(stdout + stderr).not.toContain('\u001b')
    } finally {
      target.child.kill('SIGKILL')
    }
  })
})
