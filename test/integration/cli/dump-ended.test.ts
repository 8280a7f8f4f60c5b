/** A process that ends while it is looked at. */
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, describe, expect, it, vi } from 'vitest'
import { outsideInspector } from '../../../src/inspector/open-inspector.js'
import { identifyProcess } from '../../../src/investigate/identity.js'
import { investigateOutside } from '../../../src/investigate/outside.js'
import { openTarget } from '../../../src/investigate/target-process.js'
import { createRedactor } from '../../../src/redact/redactor.js'
import type { DumpJson } from '../../../src/report/dump-json.js'
import { runCli } from '../../support/cli.js'
import { NODES, PROGRAMS } from '../../support/nodes.js'
import { startProgram } from '../../support/program.js'

const TARGET = path.join(PROGRAMS, 'capture/wedge.cjs')
const folder = mkdtempSync(path.join(tmpdir(), 'dump-ended-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe.each(NODES)('dump of a process on Node $major that ends meanwhile', (node) => {
  it('shows what was seen before the end, and says that it ended', async () => {
    const out = path.join(folder, String(node.major))
    const program = await startProgram(node, TARGET, ['await', '60'])
    try {
      const dumped = runCli(['dump', String(program.pid), '--samples', '100', '--json', '--out', out])
      await vi.waitFor(
        () => {
          const files = existsSync(out) ? readdirSync(out, { recursive: true }).map(String) : []
          expect(files.some((file) => path.basename(file) === 'look-2-kernel.json')).toBe(true)
        },
        { timeout: 30_000, interval: 50 },
      )
      await program.end()
      const { code, stdout, stderr } = await dumped
      expect(code, stderr).toBe(0)
      expect(stderr).toContain(`process ${program.pid} ended while it was looked at (ERR_STALL_NO_SUCH_PROCESS)`)
      const dump = JSON.parse(stdout) as DumpJson
      expect(dump.looks).toBeGreaterThan(0)
      expect(dump.looks).toBeLessThan(100)
      expect(dump.awaits.map((each) => each.function)).toContain('askThenShip')
      expect(dump.missing.map(({ what }) => what)).not.toContain('stacks')
      expect(dump.missing).toContainEqual(
        expect.objectContaining({ what: 'later-looks', why: 'ERR_STALL_NO_SUCH_PROCESS' }),
      )
    } finally {
      await program.end()
    }
  })

  it('takes nothing for evidence that is read after the end', async () => {
    const program = await startProgram(node, TARGET, ['idle', '60'])
    try {
      const { target, runtime } = openTarget(program.pid)
      const redactor = createRedactor()
      const identity = identifyProcess({
        pid: program.pid,
        root: `/proc/${program.pid}`,
        node: runtime.version,
        v8: runtime.v8,
        agent: false,
        redactArguments: (argv) => redactor.argv(argv),
      })
      await program.end()
      const findings = await investigateOutside(target, identity, {
        engine: 'memory',
        looks: 3,
        profileMs: 0,
        capture: { locals: false, redactor },
        store: null,
        inspector: outsideInspector(),
      })
      expect(findings).toMatchObject({ wholeLooks: 0, ended: { code: 'ERR_STALL_NO_SUCH_PROCESS' } })
      expect(findings.evidence.looks).toHaveLength(1)
    } finally {
      await program.end()
    }
  })
})
