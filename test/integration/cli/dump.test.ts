import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { isListening } from '../../../src/inspector/connection/close-port.js'
import type { DumpJson } from '../../../src/report/dump-json.js'
import { findEndpoint } from '../../../src/inspector/connection/find-endpoint.js'
import { connectToSocket } from '../../../src/inspector/connection/socket-connection.js'
import { runCli } from '../../support/cli.js'
import { CLI, NODES, PROGRAMS, type NodeBinary } from '../../support/nodes.js'
import { type Program, startProgram } from '../../support/program.js'

const TARGET = path.join(PROGRAMS, 'capture/wedge.cjs')
const folder = mkdtempSync(path.join(tmpdir(), 'dump-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

async function observed<T>(
  node: NodeBinary,
  args: readonly string[],
  look: (program: Program) => Promise<T>,
  flags: readonly string[] = [],
): Promise<T> {
  const program = await startProgram(node, TARGET, args, flags)
  try {
    return await look(program)
  } finally {
    await program.end()
  }
}

async function dumpJson(pid: number, ...options: string[]): Promise<DumpJson> {
  const { code, stdout, stderr } = await runCli(['dump', String(pid), '--json', ...options])
  if (code !== 0) throw new Error(`exit ${code}: ${stderr}`)
  return JSON.parse(stdout) as DumpJson
}

/** Until it holds, or the test fails: states of other processes come when they come. */
async function eventually(holds: () => boolean, withinMs = 15_000): Promise<boolean> {
  const untilMs = performance.now() + withinMs
  while (!holds()) {
    if (performance.now() > untilMs) return false
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  return true
}

async function freePort(): Promise<number> {
  const server = createServer()
  const port = await listening(server)
  await new Promise((resolve) => server.close(resolve))
  return port
}

function listening(server: Server): Promise<number> {
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      resolve(typeof address === 'object' && address !== null ? address.port : 0)
    })
  })
}

describe.each(NODES)('dump of a process on Node $major', (node) => {
  it('reads stacks and kernel state alone with --stacks-only, in one look, and says what it left out', async () => {
    const fifo = path.join(folder, `fifo-stacks-${node.major}`)
    execFileSync('mkfifo', [fifo])
    await observed(node, ['fifo', fifo], async (program) => {
      const dump = await dumpJson(program.pid, '--stacks-only')
      expect(dump).toMatchObject({ looks: 1, awaits: [], heap: null, pool: null })
      expect(dump.verdicts[0]).toMatchObject({ kind: 'blocked-in-native', cause: 'file-read' })
      expect(dump.missing).toEqual(
        expect.arrayContaining(
          ['awaits', 'heap', 'thread-pool', 'debugger', 'queue-starvation'].map((what) => ({
            what,
            why: 'ERR_STALL_NOT_ENABLED',
            message: 'left out by --stacks-only',
          })),
        ),
      )
    })
  })

  it('names the line of a blocked readSync, and the process does not notice', async () => {
    const fifo = path.join(folder, `fifo-${node.major}`)
    execFileSync('mkfifo', [fifo])
    await observed(node, ['fifo', fifo], async (program) => {
      const dump = await dumpJson(program.pid)
      expect(dump).toMatchObject({
        schema: 1,
        process: { pid: program.pid, node: node.version, v8: expect.stringMatching(/^\d+(?:\.\d+){3}$/), agent: false },
        heap: { usedBytes: expect.any(Number) },
        cost: { pausedMs: 0, endedOnAttach: false },
        looks: 2,
      })
      expect(dump.verdicts[0]).toMatchObject({
        kind: 'blocked-in-native',
        cause: 'file-read',
        where: { function: 'readAnswer', file: TARGET, line: 11 },
        evidence: ['#/threads/0'],
      })
      expect(dump.threads[0]).toMatchObject({
        tid: program.pid,
        name: 'main',
        role: 'main',
        state: 'sleeping',
        engine: 'memory',
        syscall: { name: 'read', target: fifo },
      })
      expect(dump.threads[0]?.frames.map((frame) => frame.function)).toEqual(
        expect.arrayContaining(['readSync', 'readAnswer', 'fifo', 'handleTask']),
      )
      for (const list of ['awaits', 'sockets', 'clocks', 'children', 'missing'] as const) {
        expect(Array.isArray(dump[list])).toBe(true)
      }
      // Still in that call: it gets what is written now, whole.
      const [said] = await Promise.all([
        program.line((line) => 'read' in line),
        Promise.resolve(writeFileSync(fifo, 'unharmed')),
      ])
      expect(said).toEqual({ read: 'unharmed' })
    })
  })

  it('names the child that execSync waits for', async () => {
    await observed(node, ['child', '30'], async (program) => {
      const dump = await dumpJson(program.pid)
      expect(dump.verdicts[0]).toMatchObject({
        kind: 'blocked-in-native',
        cause: 'child-process',
        where: { function: 'child', file: TARGET, line: 20 },
      })
      expect(dump.children).toContainEqual(expect.objectContaining({ command: expect.stringContaining('sleep 30') }))
      for (const child of dump.children) process.kill(child.pid, 'SIGKILL')
    })
  })

  it('opens the inspector where it is asked to, and leaves no port behind, also when the loop turns again', async () => {
    const port = await freePort()
    await observed(
      node,
      ['spin', '6'],
      async (program) => {
        const turned = program.line((line) => line['turned'] === true, 40_000)
        const dump = await dumpJson(program.pid, '--engine', 'inspector')
        expect(dump.samples?.samples.at(-1)?.frames).toContainEqual(
          expect.objectContaining({ function: 'spin', file: TARGET }),
        )
        expect(isListening(`/proc/${program.pid}`, port)).toBe(false)
        await turned
        expect(await eventually(() => !isListening(`/proc/${program.pid}`, port), 1000)).toBe(true)
      },
      [`--inspect-port=${port}`],
    )
  })
})

const node = NODES[0] as NodeBinary

describe('the guards of the debug port', () => {
  it('close the port of a dump that is killed', async () => {
    const port = await freePort()
    await observed(
      node,
      ['spin', '20'],
      async (program) => {
        const root = `/proc/${program.pid}`
        const dump = spawn(
          process.execPath,
          [CLI, 'dump', String(program.pid), '--engine', 'inspector', '--profile', '30'],
          {
            stdio: 'ignore',
          },
        )
        expect(await eventually(() => isListening(root, port))).toBe(true)
        dump.kill('SIGKILL')
        expect(await eventually(() => !isListening(root, port))).toBe(true)
      },
      [`--inspect-port=${port}`],
    )
  })

  it('send no signal when the port is held by another process, and say by which', async () => {
    const server = createServer()
    const port = await listening(server)
    try {
      await observed(
        node,
        ['spin', '6'],
        async (program) => {
          const { missing } = await dumpJson(program.pid, '--engine', 'inspector')
          expect(missing).toContainEqual(
            expect.objectContaining({
              what: 'stack-samples',
              why: 'ERR_STALL_INSPECTOR_UNAVAILABLE',
              message: expect.stringContaining(`process ${process.pid}`),
            }),
          )
        },
        [`--inspect-port=${port}`],
      )
    } finally {
      server.close()
    }
  })

  it('use a port that --inspect opened, and leave it open', async () => {
    const port = await freePort()
    await observed(
      node,
      ['spin', '6'],
      async (program) => {
        const dump = await dumpJson(program.pid, '--engine', 'inspector')
        expect(dump.samples?.samples.length).toBeGreaterThan(0)
        expect(isListening(`/proc/${program.pid}`, port)).toBe(true)
      },
      [`--inspect=127.0.0.1:${port}`],
    )
  })

  it('leave a debugger alone that is attached, and say when it holds the process', async () => {
    const port = await freePort()
    await observed(
      node,
      ['spin', '30'],
      async (program) => {
        const deadlineMs = performance.now() + 20_000
        const client = await connectToSocket(await findEndpoint(port, deadlineMs), deadlineMs)
        const { missing } = await dumpJson(program.pid, '--engine', 'inspector')
        expect(missing).toContainEqual(
          expect.objectContaining({ what: 'stack-samples', message: expect.stringContaining('attached already') }),
        )
        const paused = new Promise((resolve) => client.on('Debugger.paused', resolve))
        await client.send('Debugger.enable', {}, deadlineMs)
        await client.send('Debugger.pause', undefined, deadlineMs)
        await paused
        let resumed = false
        client.on('Debugger.resumed', () => (resumed = true))
        const { verdicts } = await dumpJson(program.pid)
        expect(verdicts[0]).toMatchObject({ kind: 'paused-by-debugger' })
        expect(resumed).toBe(false)
        client.disconnect()
      },
      [`--inspect=127.0.0.1:${port}`],
    )
  })

  it('send no signal to a blocked readSync, which would fail with EINTR', async () => {
    const fifo = path.join(folder, 'guarded-fifo')
    execFileSync('mkfifo', [fifo])
    await observed(node, ['fifo', fifo], async (program) => {
      const { missing, samples } = await dumpJson(program.pid, '--engine', 'inspector')
      expect(samples).toBeNull()
      expect(missing).toContainEqual(
        expect.objectContaining({ what: 'stack-samples', message: expect.stringContaining('system call read') }),
      )
      const said = program.line((line) => 'read' in line)
      writeFileSync(fifo, 'still here')
      expect(await said).toEqual({ read: 'still here' })
    })
  })

  it('attach nothing where nothing runs', async () => {
    await observed(node, ['idle', '20'], async (program) => {
      const { missing } = await dumpJson(program.pid, '--engine', 'inspector')
      expect(missing).toContainEqual(
        expect.objectContaining({ what: 'stack-samples', why: 'ERR_STALL_NOTHING_RUNNING' }),
      )
    })
  })
})

describe('dump', () => {
  it('seals a bundle with --out, and prints header, verdict and place for a person', async () => {
    const out = path.join(folder, 'out')
    await observed(node, ['child', '30'], async (program) => {
      const { code, stdout, stderr } = await runCli(['dump', String(program.pid), '--out', out])
      expect(code).toBe(0)
      expect(stdout).toContain(`Process ${program.pid}`)
      expect(stdout).toContain('blocked-in-native/child-process')
      expect(stdout).toContain('wedge.cjs:20')
      const [id = ''] = readdirSync(out)
      expect(stderr).toContain(path.join(out, id))
      const manifest = JSON.parse(readFileSync(path.join(out, id, 'incident.json'), 'utf8')) as {
        verdicts: { evidence: string[] }[]
        artifacts: { name: string }[]
      }
      expect(manifest.verdicts[0]?.evidence).toContain('threads.json#/0')
      expect(manifest.artifacts.map((artifact) => artifact.name)).toEqual(
        expect.arrayContaining(['look-1-kernel.json', 'look-2-stacks.json', 'threads.json', 'evidence.json']),
      )
      const listed = JSON.parse(stdoutOf(await runCli(['ps', '--json']))) as {
        processes: { pid: number; node: string; agent: boolean }[]
      }
      expect(listed.processes).toContainEqual(
        expect.objectContaining({ pid: program.pid, node: node.version, agent: false }),
      )
      for (const pid of childrenOf(program.pid)) process.kill(pid, 'SIGKILL')
    })
  })

  it('refuses what it cannot look at, each with one line and its exit code', async () => {
    const sleeper = spawn('sleep', ['60'], { stdio: 'ignore' })
    try {
      const results = await Promise.all(
        [['dump', 'abc'], ['dump', '4194999'], ['dump', String(sleeper.pid)], ['dump', '2'], ['dump']].map((args) =>
          runCli(args),
        ),
      )
      const [word, gone, notNode, kernel, none] = results
      expect(word).toMatchObject({ code: 64, stdout: '' })
      expect(gone).toMatchObject({
        code: 66,
        stdout: '',
        stderr: expect.stringContaining('there is no process 4194999'),
      })
      expect(notNode).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('is not Node.js') })
      expect([1, 66]).toContain(kernel?.code)
      // The list is no dump: nobody's script should take it for one.
      expect(none).toMatchObject({ code: 64, stdout: '', stderr: expect.stringMatching(/^PID .*\(ERR_STALL_USAGE\)/s) })
      for (const result of results) expect(result.stderr).toMatch(/ \(ERR_STALL_[A-Z_]+\)\n {2}\S.*\n$/)
      expect(sleeper.exitCode).toBeNull()
    } finally {
      sleeper.kill('SIGKILL')
    }
  })
})

/** A tmpfs of its own: the one way to have a disk that is really full. */
const canMount = spawnSync('unshare', ['-m', 'true']).status === 0

describe.skipIf(!canMount)('dump --out on a disk', () => {
  it.each([
    ['of 40k', 'size=40k', /bundle: \S+ without \d+ files for want of space \(ERR_STALL_DISK_FULL\)\n$/, 0],
    ['of 4k', 'size=4k', /no space left for \S+ \(ENOSPC\) \(ERR_STALL_DISK_FULL\)\n {2}Make space/, 1],
    [
      'that takes no file',
      'size=4k,nr_inodes=1',
      /\(--out\) was not used: .* \(ERR_STALL_DIR_UNWRITABLE\)\n {2}--out/,
      1,
    ],
  ])('%s shows what it found all the same, and says what was not kept', async (title, mount, message, status) => {
    const mounted = path.join(folder, title.replaceAll(' ', '-'))
    mkdirSync(mounted)
    await observed(node, ['idle', '60'], async (program) => {
      const script = 'mount -t tmpfs -o "$3" none "$4" && exec "$0" "$1" dump "$2" --out "$4"'
      const args = ['-m', 'sh', '-c', script, process.execPath, CLI, String(program.pid), mount, mounted]
      const dump = spawnSync('unshare', args, { encoding: 'utf8', timeout: 60_000 })
      expect(dump).toMatchObject({ status, stdout: expect.stringContaining('idle  confidence low') })
      expect(dump.stderr).toMatch(message)
    })
  })
})

function stdoutOf(result: { stdout: string }): string {
  return result.stdout
}

function childrenOf(pid: number): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number)
}
