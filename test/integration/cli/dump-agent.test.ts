import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { listeningPorts } from '../../../src/inspector/connection/debug-port.js'
import type { DumpJson } from '../../../src/report/dump-json.js'
import { runCli } from '../../support/cli.js'
import { NODES, PROGRAMS, PROJECT_ROOT } from '../../support/nodes.js'
import { Program } from '../../support/program.js'

const TARGET = path.join(PROGRAMS, 'capture/with-agent.cjs')
const folder = mkdtempSync(path.join(tmpdir(), 'dump-agent-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe.each(NODES)('dump of a worker with the agent on Node $major', (node) => {
  it('asks its clocks, samples through it without a port, and lets it end as it would', async () => {
    const home = path.join(folder, String(node.major))
    const done = `${home}-done`
    const child = spawn(node.path, ['--require', path.join(PROJECT_ROOT, 'dist/register.js'), TARGET, done], {
      stdio: ['ignore', 'pipe', 'pipe'],
      // No capture of its own meanwhile: the dump is to ask for one.
      env: {
        CONDUCTOR_STALL_DIR: home,
        CONDUCTOR_STALL_WARN_SECONDS: '60',
        CONDUCTOR_STALL_EVENT_LOOP_WARN_SECONDS: '60',
      },
    })
    const program = new Program(child)
    const ended = new Promise((resolve) => child.once('exit', (code, signal) => resolve(code ?? signal)))
    try {
      const ready = await program.line((line) => line['ready'] === true)
      expect(ready['version']).toBe(node.version)
      const out = path.join(home, 'out')
      const { code, stdout, stderr } = await runCli([
        'dump',
        String(program.pid),
        '--json',
        '--engine',
        'inspector',
        '--out',
        out,
      ])
      expect({ code, stderr }).toMatchObject({ code: 0 })
      const dump = JSON.parse(stdout) as DumpJson
      expect(dump.process).toMatchObject({ pid: program.pid, node: node.version, agent: true })
      expect(dump.clocks).toContainEqual(expect.objectContaining({ name: 'poller', beats: 11 }))
      expect(dump.samples?.engine).toBe('inspector')
      const frames = dump.samples?.samples.at(-1)?.frames ?? []
      expect(frames).toContainEqual(expect.objectContaining({ function: 'compute', file: TARGET }))
      expect(frames).toContainEqual(expect.objectContaining({ function: 'poll', file: TARGET }))
      expect(dump.verdicts[0]?.evidence.every((pointer) => pointer.startsWith('#/'))).toBe(true)
      expect(listeningPorts(`/proc/${program.pid}`)).toEqual([])
      const [id = ''] = readdirSync(out)
      expect(existsSync(path.join(out, id, 'incident.json'))).toBe(true)
      writeFileSync(done, '')
      // Looked at in the middle of its work, it still ends with its own code.
      expect(await ended).toBe(7)
    } finally {
      await program.end()
    }
  })
})
