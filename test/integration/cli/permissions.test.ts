/** Processes that may not be read, that are no Node, or are one in disguise: one clear line, its exit code, nothing run. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { readStat } from '../../../src/platform/procfs/stat.js'
import { CLI, NODES } from '../../support/nodes.js'

const NOBODY = 65_534
const isRoot = process.getuid?.() === 0
const BLOCK = 'require("fs").writeSync(1, "up"); require("fs").readSync(0, Buffer.alloc(1), 0, 1, null)'

const folder = mkdtempSync(path.join(tmpdir(), 'permissions-'))
chmodSync(folder, 0o755)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const started: ChildProcess[] = []
afterEach(() => {
  for (const child of started.splice(0)) child.kill('SIGKILL')
})

/** Resolves once it has said `up`; it then blocks until the test ends. */
async function start(
  command: string,
  args: readonly string[],
  options: { readonly uid?: number } = {},
): Promise<number> {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'], env: {}, ...options })
  started.push(child)
  await once(child.stdout, 'data')
  return child.pid ?? 0
}

interface Ran {
  readonly code: number | null
  readonly text: string
}

function cli(args: readonly string[], wrap: readonly string[] = [], uid?: number): Ran {
  const [command = '', ...rest] = [...wrap, process.execPath, CLI, ...args]
  const { status, stdout, stderr } = spawnSync(command, rest, {
    encoding: 'utf8',
    timeout: 60_000,
    env: { PATH: process.env['PATH'], HOME: folder },
    ...(uid === undefined ? {} : { uid, gid: uid }),
  })
  return { code: status, text: `${stdout}${stderr}` }
}

/** Whether another user can run what stands in this folder at all. */
const othersMayRun =
  isRoot && spawnSync(process.execPath, [CLI, '--version'], { uid: NOBODY, gid: NOBODY, env: {} }).status === 0

const works = (command: string, ...args: string[]): boolean =>
  spawnSync(command, [...args, 'true'], { stdio: 'ignore' }).status === 0
const [first] = NODES
const node = first?.path ?? ''

describe('without permission', () => {
  it.skipIf(!othersMayRun)(
    "refuses another user's process with 77, and says what would work (needs root)",
    async () => {
      const pid = String(await start(node, ['-e', BLOCK]))
      for (const command of ['dump', 'record']) {
        const ran = cli([command, pid], [], NOBODY)
        expect(ran, ran.text).toMatchObject({ code: 77 })
        expect(ran.text).toContain(`process ${pid} may not be looked at: it belongs to uid 0`)
      }
      const doctor = cli(['doctor', pid], [], NOBODY)
      expect(doctor, doctor.text).toMatchObject({ code: 77 })
      expect(cli(['doctor', '--check', pid], [], NOBODY)).toMatchObject({ code: 77 })
      // The whole command: sudo's PATH has neither node_modules/.bin nor, often, this node. The screen may break the line.
      expect(doctor.text.replaceAll(/\s+/g, ' ')).toContain(`sudo ${process.execPath} ${CLI} dump ${pid}`)
      expect(doctor.text).toContain('--cap-add SYS_PTRACE')
      expect(doctor.text).toContain('node --require conductor-stall-agent worker.js')
    },
  )

  const dropped = ['setpriv', '--bounding-set=-sys_ptrace', '--inh-caps=-sys_ptrace'] as const
  it.skipIf(!isRoot || !works(...dropped))(
    'tells a root without CAP_SYS_PTRACE which capability it lacks (needs root and setpriv)',
    async () => {
      const pid = String(await start(node, ['-e', BLOCK], { uid: NOBODY }))
      const doctor = cli(['doctor', pid], dropped)
      expect(doctor, doctor.text).toMatchObject({ code: 77 })
      expect(doctor.text).toContain('root, but without CAP_SYS_PTRACE')
      expect(cli(['dump', pid], dropped).code).toBe(77)
    },
  )
})

describe('in namespaces', () => {
  it.skipIf(!isRoot || !works('unshare', '-pf', '--mount-proc'))(
    'reads a process of another pid namespace from outside (needs root)',
    async () => {
      const outer = await start('unshare', ['-pf', '--mount-proc', node, '-e', BLOCK])
      const inner = readFileSync(`/proc/${outer}/task/${outer}/children`, 'utf8').trim()
      try {
        const ran = cli(['dump', inner, '--samples', '1'])
        expect(ran, ran.text).toMatchObject({ code: 0 })
        expect(ran.text).toContain('blocked-in-native/file-read')
        expect(ran.text).toContain('([eval]:1:')
      } finally {
        process.kill(Number(inner), 'SIGKILL')
      }
    },
  )

  it.skipIf(!works('unshare', '-Urpf', '--mount-proc'))(
    'reads one within a user namespace, as in a container without root (needs user namespaces)',
    () => {
      const script = `"$1" -e '${BLOCK}' < <(sleep 60) > up & P=$!
        while ! [ -s up ]; do sleep 0.05; done
        "$2" "$3" dump $P --samples 1; code=$?; kill $P; exit $code`
      const args = ['-Urpf', '--mount-proc', 'bash', '-c', script, 'bash', node, process.execPath, CLI]
      const ran = spawnSync('unshare', args, { cwd: folder, encoding: 'utf8', timeout: 60_000 })
      expect(ran.status, ran.stderr).toBe(0)
      expect(ran.stdout).toContain('blocked-in-native/file-read')
    },
  )
})

describe('what is no Node, or no longer', () => {
  it('refuses a program that is not Node with 1', async () => {
    const pid = await start('sh', ['-c', 'echo up; read line'])
    const ran = cli(['dump', String(pid)])
    expect(ran.code, ran.text).toBe(1)
    expect(ran.text).toMatch(/is not Node\.js: it runs \/\S+ \(ERR_STALL_NOT_NODE\)/)
  })

  it('refuses a zombie with 66', async () => {
    // A shell that has become another program never collects the child it had before; the shell itself might.
    const pid = await start('sh', ['-c', 'sleep 0.5 & echo up; exec cat'])
    const child = (): string => readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')[0] ?? ''
    const deadline = performance.now() + 10_000
    while (readStat(`/proc/${child()}`).state !== 'Z' && performance.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
    const ran = cli(['dump', child()])
    expect(ran.code, ran.text).toBe(66)
    expect(ran.text).toContain('has ended')
  })

  const kernelThread = readdirSync('/proc').find((name) => {
    try {
      return /^\d+$/.test(name) && readFileSync(`/proc/${name}/stat`, 'utf8').includes('(kthreadd)')
    } catch {
      return false
    }
  })
  it.skipIf(kernelThread === undefined)('refuses a thread of the kernel with 1 (not seen in a pid namespace)', () => {
    const ran = cli(['dump', kernelThread ?? ''])
    expect(ran.code, ran.text).toBe(1)
    expect(ran.text).toContain('is a thread of the kernel')
  })

  it('refuses a thread id with 66, and names its process', async () => {
    const pid = await start(node, ['-e', BLOCK])
    const thread = readdirSync(`/proc/${pid}/task`).find((name) => name !== String(pid)) ?? ''
    for (const command of ['dump', 'record', 'top']) {
      const ran = cli([command, thread])
      expect(ran, ran.text).toMatchObject({ code: 66 })
      expect(ran.text).toContain(`${thread} is a thread of process ${pid}, and no process`)
    }
  })

  it('refuses a pid that is gone with 66', async () => {
    const pid = await start('sh', ['-c', 'echo up; read line'])
    const [child] = started.splice(0)
    if (child === undefined) throw new Error('not started')
    const gone = once(child, 'exit')
    child.kill('SIGKILL')
    await gone
    expect(cli(['dump', String(pid)]).code).toBe(66)
  })
})

const builder = NODES.find(({ major }) => major >= 26)
describe.skipIf(builder === undefined)('a single-executable application (built by Node 26 itself)', () => {
  it('is read like any other, said to be one, and never started a second time', async () => {
    const place = path.join(folder, 'app')
    const starts = path.join(folder, 'starts')
    const program = `require("fs").appendFileSync(${JSON.stringify(starts)}, "x"); ${BLOCK}`
    writeFileSync(path.join(folder, 'app.cjs'), program)
    const config = { main: path.join(folder, 'app.cjs'), output: place, disableExperimentalSEAWarning: true }
    writeFileSync(path.join(folder, 'sea.json'), JSON.stringify(config))
    const built = spawnSync(builder?.path ?? '', ['--build-sea', path.join(folder, 'sea.json')], { encoding: 'utf8' })
    expect(built.status, built.stderr).toBe(0)
    const pid = String(await start(place, []))
    const ran = cli(['dump', pid, '--samples', '1', '--calibrate'])
    expect(ran.code, ran.text).toBe(0)
    expect(ran.text).toContain('blocked-in-native/file-read')
    expect(cli(['doctor', pid]).text).toContain('a single-executable application')
    expect(readFileSync(starts, 'utf8')).toBe('x')
  })
})

it('takes a copy of the binary under another name for the Node it is', async () => {
  const renamed = path.join(folder, 'worker-main')
  copyFileSync(node, renamed)
  const pid = String(await start(renamed, ['-e', BLOCK]))
  const ran = cli(['dump', pid, '--samples', '1'])
  expect(ran.code, ran.text).toBe(0)
  expect(ran.text).toContain('blocked-in-native/file-read')
})
