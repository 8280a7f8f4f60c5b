/**
 * What can go wrong around the agent: disks, standard streams, signals, the inspector, memory. The worker is never
 * harmed, and what happened is said.
 */
import { execFileSync } from 'node:child_process'
import {
  closeSync,
  constants,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connectToAgent } from '../../src/platform/control/client.js'
import { NODES, PROJECT_ROOT } from '../support/nodes.js'
import { parseLines, RunningWorker, runWorker, type WorkerResult } from '../support/run-worker.js'

const folder = mkdtempSync(path.join(os.tmpdir(), 'stall-hazards-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const [oldest] = NODES
const newest = NODES.at(-1)
if (!oldest || !newest) throw new Error('no Node binaries')

const hasCompiler = ['/usr/bin/cc', '/usr/local/bin/cc'].some((file) => existsSync(file))

/** All of them: on a machine that is busy with other tests the first may well be `cpu-starved`. */
const kindsOf = ({ incidents }: WorkerResult): string[] =>
  incidents.flatMap((incident) => incident.verdicts.map((verdict) => verdict.kind))

const said = (lines: readonly { readonly msg: string }[]): string => lines.map((line) => line.msg).join('\n')

describe.concurrent.each([oldest, newest])('places for bundles on Node $major', (node) => {
  it('goes on to the next place when the folder is read-only, and says so', async () => {
    const file = path.join(folder, `a-file-${node.major}`)
    writeFileSync(file, '')
    // Below a file no folder can be made, by root neither.
    const worker = await runWorker({
      node,
      program: 'agent-worker.cjs',
      args: ['await'],
      dir: path.join(file, 'bundles'),
    })
    expect(worker, worker.stderr).toMatchObject({ code: 70 })
    const incident = worker.lines.find((line) => line.event === 'incident')
    expect(incident?.['bundle'], worker.stderr).toMatch(/\.local\/state\/conductor-stall-agent\//)
  })

  it('ends a worker in time without any place at all', async () => {
    const file = path.join(folder, `no-place-${node.major}`)
    writeFileSync(file, '')
    const nowhere = path.join(file, 'x')
    const worker = await runWorker({
      node,
      program: 'agent-worker.cjs',
      args: ['atomics'],
      dir: nowhere,
      env: { HOME: nowhere, TMPDIR: nowhere, TEST_FOLDER: nowhere },
    })
    expect(worker, worker.stderr).toMatchObject({ code: 70 })
    expect(
      worker.lines.find((line) => line.event === 'incident'),
      worker.stderr,
    ).toMatchObject({
      verdict: expect.stringMatching(/^(blocked-in-native|cpu-starved)/),
      bundle: null,
      problem: { code: 'ERR_STALL_DIR_UNWRITABLE' },
    })
    expect(said(worker.lines)).toContain('no tombstone could be written')
  })
})

const canMount = process.getuid?.() === 0

describe.runIf(canMount)('a full disk', () => {
  const mounted = path.join(folder, 'full')

  beforeAll(() => {
    mkdirSync(mounted)
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', mounted])
    try {
      writeFileSync(path.join(mounted, 'filler'), Buffer.alloc(65_536))
    } catch {
      // Meant: no byte is left.
    }
  })
  afterAll(() => execFileSync('umount', [mounted]))

  it('goes on to the next place, and the worker ends with 70', async () => {
    const worker = await runWorker({ node: newest, program: 'agent-worker.cjs', args: ['await'], dir: mounted })
    expect(worker, worker.stderr).toMatchObject({ code: 70 })
    expect(worker.lines.find((line) => line.event === 'incident')?.['verdict'], worker.stderr).toMatch(/^awaiting/)
    expect(worker.lines.find((line) => line.event === 'ending')).toBeDefined()
  })
})

describe.concurrent.each([oldest, newest])('standard error on Node $major', (node) => {
  it('that is a full pipe blocks neither the worker nor its end', async () => {
    const fifo = path.join(folder, `stderr-${node.major}`)
    execFileSync('mkfifo', [fifo])
    // Opened for both, so that the writer finds a reader, which never reads; and full before the worker starts.
    const fd = openSync(fifo, 'r+')
    fill(fifo)
    try {
      const worker = await runWorker({
        node,
        program: 'agent-worker.cjs',
        args: ['await'],
        stdio: ['ignore', 'pipe', fd],
      })
      expect(worker).toMatchObject({ code: 70 })
      expect(worker.incidents).toHaveLength(1)
    } finally {
      closeSync(fd)
    }
  })

  it('that is a socket still gets the lines', async () => {
    const server = net.createServer()
    await new Promise<void>((resolve) => server.listen(path.join(folder, `stderr-${node.major}.sock`), resolve))
    const accepted = new Promise<net.Socket>((resolve) => server.once('connection', resolve))
    const client = net.connect(path.join(folder, `stderr-${node.major}.sock`))
    const reader = await accepted
    let text = ''
    reader.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk
    })
    const worker = await runWorker({
      node,
      program: 'agent-worker.cjs',
      args: ['exec'],
      stdio: ['ignore', 'pipe', client],
    })
    expect(worker).toMatchObject({ code: 70 })
    client.destroy()
    await new Promise((resolve) => reader.once('close', resolve))
    server.close()
    expect(said(parseLines(text))).toContain('ending with exit code 70')
  })

  it('that is closed costs nothing but the lines', async () => {
    const worker = await runWorker({
      node,
      program: 'agent-worker.cjs',
      args: ['exec'],
      wrap: ['sh', '-c', 'exec "$@" 2>&-', 'sh'],
    })
    expect(worker).toMatchObject({ code: 70, stderr: '' })
    expect(worker.incidents).toHaveLength(1)
  })
})

describe.concurrent('the capture thread', () => {
  it('that hits its memory limit does not keep the watchdog from its work', async () => {
    const worker = await runWorker({
      node: newest,
      program: 'agent-worker.cjs',
      args: ['atomics'],
      env: { CONDUCTOR_STALL_CAPTURE_MEMORY_MB: '4' },
    })
    expect(worker, worker.stderr).toMatchObject({ code: 70 })
    expect(worker.lines.find((line) => line.event === 'incident')).toMatchObject({
      bundle: null,
      problem: { code: 'ERR_STALL_CAPTURE_CRASHED' },
    })
    expect(worker.tombstones).toMatchObject([{ incident: null, exitCodeMeant: 70 }])
  })

  it('of a worker killed in the middle leaves what it had, and the next boot seals it', async () => {
    const dir = path.join(folder, 'killed')
    const first = new RunningWorker({
      node: newest,
      program: 'agent-worker.cjs',
      args: ['exec'],
      dir,
      env: { CONDUCTOR_STALL_PROFILE_SECONDS: '30', CONDUCTOR_WORKER_POLL_STALL_TIMEOUT_SECONDS: '60' },
    })
    await first.says('ready')
    const partial = await waitFor(() => leftovers(dir))
    first.child.kill('SIGKILL')
    expect(await first.result).toMatchObject({ code: null, signal: 'SIGKILL', incidents: [], partial: [partial] })
    const second = await runWorker({
      node: newest,
      program: 'agent-worker.cjs',
      args: ['healthy'],
      dir,
      env: { TEST_RUN_MS: '4000' },
    })
    expect(second).toMatchObject({ code: 0, partial: [] })
    expect(second.incidents).toHaveLength(1)
    expect(said(second.lines)).toContain('sealed what a killed worker left')
  })
})

// With Node 22 and 24 no thread starts while a library is being loaded (docs/internals/hazards-found.md).
const starting = NODES.filter(({ major }) => major === 20 || major === 26)

describe.runIf(hasCompiler).concurrent.each(starting)(
  'a library that hangs while it is loaded, on Node $major',
  (node) => {
    it.each([
      // The lock was free while the agent's threads came up: koffi is there, and the code is the one that was meant.
      ['100', { code: 70, signal: null }, 'koffi'],
      // Held before that: nothing but SIGKILL is left.
      ['0', { code: null, signal: 'SIGKILL' }, 'sigkill'],
    ])(
      'keeps neither the capture nor the watchdog from their work (after %s turns)',
      async (turns, end, how) => {
        const library = slowLibrary(path.join(folder, `slow-${node.major}-${turns}.node`))
        const running = new RunningWorker({
          node,
          program: 'agent-worker.cjs',
          args: ['dlopen'],
          env: { TEST_LIBRARY: library, TEST_TURNS: turns, CONDUCTOR_STALL_GRACE_SECONDS: '30' },
        })
        await running.says('ready')
        // Whoever asks for its state (`conductor-diag ps`) must not make the watch thread load anything.
        const pid = running.child.pid ?? 0
        const agent = await waitForValue(() => connectToAgent(pid, 2000))
        expect(await agent.readStatus(5000)).toMatchObject({ pid })
        agent.dispose()
        const worker = await running.result
        expect(worker, worker.stderr).toMatchObject({ ...end, tombstones: [{ exitCodeMeant: 70, how }] })
        expect(kindsOf(worker), worker.stderr).toContain('blocked-in-native')
      },
      120_000,
    )
  },
)

describe.concurrent.each([oldest, newest])('the inspector on Node $major', (node) => {
  it('in use by --inspect on its port is left alone', async () => {
    const worker = await runWorker({
      node,
      program: 'agent-worker.cjs',
      args: ['loop'],
      flags: ['--inspect=127.0.0.1:0'],
    })
    expect(worker, worker.stderr).toMatchObject({ code: 70 })
    expect(kindsOf(worker), worker.stderr).toContain('computing')
  })

  it('attached by the application itself changes nothing', async () => {
    const worker = await runWorker({ node, program: 'agent-debugged.cjs' })
    expect(worker, worker.stderr).toMatchObject({ code: 70 })
    expect(worker.incidents).toHaveLength(1)
  })

  it('has no port opened, and does not care who holds 9229', async () => {
    const holder = net.createServer().listen(9229, '127.0.0.1')
    holder.on('error', () => {
      // Held by somebody else already: as good.
    })
    const worker = await runWorker({ node, program: 'agent-worker.cjs', args: ['loop'] })
    holder.close()
    expect(worker, worker.stderr).toMatchObject({ code: 70 })
    expect(worker.stderr).not.toContain('Debugger listening')
    expect(kindsOf(worker), worker.stderr).toContain('computing')
  })
})

describe.concurrent('settings and permissions', () => {
  it('that are invalid are one warning each, and the default is used', async () => {
    const worker = new RunningWorker({
      node: oldest,
      program: 'agent-worker.cjs',
      args: ['healthy'],
      env: { CONDUCTOR_WORKER_POLL_STALL_TIMEOUT_SECONDS: 'soon', TEST_RUN_MS: '60000' },
    })
    await worker.says('using 300 s')
    worker.child.kill('SIGTERM')
    const { lines, signal } = await worker.result
    expect(signal).toBe('SIGTERM')
    expect(lines.map((line) => [line.level, line.msg])).toEqual([
      [40, expect.stringContaining('CONDUCTOR_WORKER_POLL_STALL_TIMEOUT_SECONDS="soon"')],
    ])
  })

  it.each([
    ['0', 'await'],
    ['-5', 'await'],
  ])('a stall time-out of %s means evidence and no exit', async (value, kind) => {
    const worker = new RunningWorker({
      node: oldest,
      program: 'agent-worker.cjs',
      args: [kind],
      env: { CONDUCTOR_WORKER_POLL_STALL_TIMEOUT_SECONDS: value, CONDUCTOR_STALL_WARN_SECONDS: '1' },
    })
    await worker.says('"event":"incident"', 60_000)
    expect(worker.child.exitCode).toBeNull()
    worker.child.kill('SIGTERM')
    expect(await worker.result).toMatchObject({ signal: 'SIGTERM', tombstones: [] })
  })

  it('disabled does nothing', async () => {
    const worker = new RunningWorker({
      node: oldest,
      program: 'agent-worker.cjs',
      args: ['nothing'],
      env: { CONDUCTOR_STALL_DISABLED: 'yes' },
    })
    expect(await worker.result).toMatchObject({ code: 0, lines: [], incidents: [] })
  })

  it.each(NODES.filter((node) => node.major >= 22))(
    'the permission model on Node $major is said, and the worker runs',
    async (node) => {
      const worker = await runWorker({
        node,
        program: 'agent-worker.cjs',
        args: ['healthy'],
        flags: [node.major >= 24 ? '--permission' : '--experimental-permission', '--allow-fs-read=*'],
        env: { TEST_RUN_MS: '500' },
      })
      expect(worker, worker.stderr).toMatchObject({ code: 0, stdout: 'ready\ndone\n' })
      expect(said(worker.lines)).toContain('--allow-worker')
    },
  )

  it('koffi missing: ended all the same, by the inspector or with SIGKILL, and said', async () => {
    const preloadFile = installWithoutKoffi(path.join(folder, 'no-koffi'))
    // A file: the pipes of a process that Node starts are sockets, which can't be written without koffi's help.
    const logs = ['loop', 'exec'].map((kind) => path.join(folder, `no-koffi-${kind}.log`))
    const fds = logs.map((file) => openSync(file, 'a'))
    const [loop, native] = await Promise.all(
      ['loop', 'exec'].map((kind, index) =>
        runWorker({
          node: oldest,
          program: 'agent-worker.cjs',
          args: [kind],
          preloadFile,
          stdio: ['ignore', 'pipe', fds[index] ?? 'ignore'],
        }),
      ),
    )
    for (const fd of fds) closeSync(fd)
    expect(loop).toMatchObject({ code: 70, tombstones: [{ how: 'inspector' }] })
    expect(native).toMatchObject({ signal: 'SIGKILL', tombstones: [{ exitCodeMeant: 70, how: 'sigkill' }] })
    for (const file of logs) expect(readFileSync(file, 'utf8')).toContain("koffi can't be used")
  })
})

/** A shared object whose constructor waits for ever. */
function slowLibrary(file: string): string {
  const source = `${file}.c`
  writeFileSync(source, 'int pause(void);\n__attribute__((constructor)) static void start(void) { pause(); }\n')
  execFileSync('cc', ['-shared', '-fPIC', '-o', file, source])
  return file
}

function fill(fifo: string): void {
  const fd = openSync(fifo, constants.O_RDWR | constants.O_NONBLOCK)
  try {
    for (;;) writeSync(fd, Buffer.alloc(4096))
  } catch {
    // Meant: it is full.
  } finally {
    closeSync(fd)
  }
}

/** The package as it is installed where koffi has no binary: everything but that. */
function installWithoutKoffi(where: string): string {
  const home = path.join(where, 'node_modules/conductor-stall-agent')
  cpSync(path.join(PROJECT_ROOT, 'dist'), path.join(home, 'dist'), { recursive: true })
  cpSync(path.join(PROJECT_ROOT, 'package.json'), path.join(home, 'package.json'))
  for (const name of ['ulid', 'pino']) {
    symlinkSync(path.join(PROJECT_ROOT, 'node_modules', name), path.join(where, 'node_modules', name))
  }
  return path.join(home, 'dist/index.js')
}

function leftovers(dir: string): string | undefined {
  try {
    const partial = readdirSync(dir).find((name) => name.endsWith('.partial'))
    const artifacts = partial === undefined ? [] : readdirSync(path.join(dir, partial))
    // Its first artifact is there.
    return artifacts.some((name) => name.startsWith('look-1')) ? partial : undefined
  } catch {
    // No folder yet.
    return undefined
  }
}

async function waitForValue<T>(probe: () => Promise<T | null>, limitMs = 20_000): Promise<T> {
  const deadline = performance.now() + limitMs
  for (;;) {
    const found = await probe()
    if (found !== null) return found
    if (performance.now() > deadline) throw new Error('it never came')
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

async function waitFor<T>(probe: () => T | undefined, limitMs = 20_000): Promise<T> {
  const deadline = performance.now() + limitMs
  for (;;) {
    const found = probe()
    if (found !== undefined) return found
    if (performance.now() > deadline) throw new Error('it never came')
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
