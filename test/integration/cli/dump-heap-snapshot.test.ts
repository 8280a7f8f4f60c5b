/** Awaits of a quiet process whose memory is not read: by a heap snapshot, only when it is asked for. */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { isListening } from '../../../src/inspector/connection/close-port.js'
import type { DumpJson } from '../../../src/report/dump-json.js'
import { runCli } from '../../support/cli.js'
import { freePort } from '../../support/free-port.js'
import { NODES, PROGRAMS } from '../../support/nodes.js'
import { startProgram } from '../../support/program.js'

const TARGET = path.join(PROGRAMS, 'capture/wedge.cjs')

async function dumpJson(pid: number, ...options: string[]): Promise<DumpJson> {
  const { code, stdout, stderr } = await runCli(['dump', String(pid), '--json', '--engine', 'inspector', ...options])
  if (code !== 0) throw new Error(`exit ${code}: ${stderr}`)
  return JSON.parse(stdout) as DumpJson
}

function lineOf(text: string): number {
  const index = readFileSync(TARGET, 'utf8')
    .split('\n')
    .findIndex((line) => line.includes(text))
  return index + 1
}

describe.each(NODES)('dump --engine inspector --heap-snapshot on Node $major', (node) => {
  it('shows the awaits of an idle process, tells the pause, and leaves no port behind', async () => {
    const port = await freePort()
    const program = await startProgram(node, TARGET, ['await', '120'], [`--inspect-port=${port}`])
    try {
      const without = await dumpJson(program.pid)
      expect(without.awaits).toEqual([])
      expect(without.cost.pausedMs).toBe(0)

      const small = await dumpJson(program.pid, '--heap-snapshot', '--heap-limit', '1')
      expect(small.missing).toContainEqual(expect.objectContaining({ what: 'awaits', why: 'ERR_STALL_LIMIT' }))

      const dump = await dumpJson(program.pid, '--heap-snapshot')
      const ask = dump.awaits.find((each) => [each, ...each.awaitedBy].some((at) => at.function === 'ask'))
      expect(ask === undefined ? [] : [ask, ...ask.awaitedBy]).toEqual(
        expect.arrayContaining([
          expect.objectContaining({ function: 'ask', file: TARGET, line: lineOf('await answer()') }),
          expect.objectContaining({ function: 'askThenShip', file: TARGET, line: lineOf('await ask(answer)') }),
        ]),
      )
      expect(ask?.waitsFor).toMatchObject({ kind: 'emitter', doubt: expect.stringContaining('heap snapshot') })
      expect(dump.cost.pausedMs).toBeGreaterThan(0)
      expect(isListening(`/proc/${program.pid}`, port)).toBe(false)
      expect(program.child.exitCode).toBeNull()
    } finally {
      await program.end()
    }
  })
})
