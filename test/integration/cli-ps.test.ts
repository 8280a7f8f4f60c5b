import { execFile } from 'node:child_process'
import path from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import type { NodeProcess } from '../../src/model/process-list.js'
import { CLI, NODES, PROGRAMS } from '../support/nodes.js'
import { startProgram } from '../support/program.js'

const TARGET = path.join(PROGRAMS, 'native/target.cjs')
const run = promisify(execFile)

describe.each(NODES)('ps on Node $version', (node) => {
  it('tells a loop that does not turn from one that polls, with no agent in it', async () => {
    const modes = ['stuck', 'sync', 'idle']
    const programs = await Promise.all(
      modes.map(async (mode) => await startProgram(node, TARGET, [mode, '', '--token', 'hunter2'])),
    )
    try {
      await new Promise((resolve) => setTimeout(resolve, 1200))
      const { stdout } = await run(process.execPath, [CLI, 'ps', '--json'])
      const { processes } = JSON.parse(stdout) as { processes: NodeProcess[] }
      const seen = programs.map(({ pid }) => processes.find((one) => one.pid === pid))
      expect(seen.map((one) => one?.node)).toEqual(modes.map(() => node.version))
      expect(seen.map((one) => one?.loop?.polling)).toEqual([false, false, true])
      expect(seen[0]?.loop?.stuckMs).toBeGreaterThan(1000)
      expect(seen.slice(1).map((one) => one?.state)).toEqual(['sleeping', 'idle'])
      expect(seen[2]?.command.slice(-2)).toEqual(['--token', '[redacted:key-name]'])
      const { stdout: text } = await run(process.execPath, [CLI, 'ps'])
      const lineOf = (pid: number | undefined): string | undefined =>
        text.split('\n').find((line) => line.startsWith(`${pid} `))
      expect(lineOf(programs[0]?.pid)).toContain('no loop turn for')
      expect(lineOf(programs[2]?.pid)).not.toContain('no loop turn for')
      expect(stdout + text).not.toContain('hunter2')
    } finally {
      await Promise.all(programs.map(async (program) => await program.end()))
    }
  })
})
