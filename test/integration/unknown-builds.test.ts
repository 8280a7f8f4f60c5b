/**
 * Binaries that no table came with the package for: one whose build id is another (its layout comes from its symbols,
 * then from the cache), one without its symbols, and calibration, which has to learn what the shipped tables say.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  closeSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { openNodeBinary } from '../../src/platform/runtime/node-binary.js'
import { openMemoryTarget } from '../../src/capture/memory-target.js'
import { readStacks } from '../../src/capture/stacks-capturer.js'
import { openElf } from '../../src/platform/elf/elf-file.js'
import { openLiveMemory } from '../../src/platform/memory/live-memory.js'
import { calibrateLayout, resolveLayout } from '../../src/v8/calibration/resolve.js'
import { CLI, NODES, type NodeBinary } from '../support/nodes.js'
import { scriptLines, startTruth, type TruthProcess } from '../support/truth.js'

const folder = mkdtempSync(path.join(tmpdir(), 'unknown-builds-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const BLOCK = 'require("fs").writeSync(1, "up"); require("fs").readSync(0, Buffer.alloc(1), 0, 1, null)'
/** Calibration takes about a second on a quiet machine. */
const CALIBRATION_MS = 30_000
const noTables = path.join(folder, 'no-tables')
mkdirSync(noTables)

let running: ChildProcess | null = null
let truth: TruthProcess | null = null
afterEach(async () => {
  running?.kill('SIGKILL')
  running = null
  await truth?.end()
  truth = null
})

/** `node` in a folder of its own, since calibration starts nothing that is called otherwise. */
function copyOf(node: NodeBinary, kind: string): string {
  const place = path.join(folder, `${kind}-${node.major}`)
  mkdirSync(place)
  copyFileSync(node.path, path.join(place, 'node'))
  return path.join(place, 'node')
}

async function start(binary: string): Promise<number> {
  running = spawn(binary, ['-e', BLOCK], { stdio: ['pipe', 'pipe', 'inherit'], env: {} })
  if (running.stdout === null) throw new Error('no output')
  await once(running.stdout, 'data')
  return running.pid ?? 0
}

function buildIdOf(file: string): string {
  const elf = openElf(file)
  try {
    return elf.buildId ?? ''
  } finally {
    elf.dispose()
  }
}

/** Another build, as far as anybody can tell. */
function changeBuildId(file: string): void {
  const known = Buffer.from(buildIdOf(file), 'hex')
  // The note is near the file's beginning, with the program's headers.
  const at = readFileSync(file)
    .subarray(0, 1 << 20)
    .indexOf(known)
  expect(at).toBeGreaterThan(0)
  const fd = openSync(file, 'r+')
  writeSync(fd, Buffer.alloc(4, 0xab), 0, 4, at)
  closeSync(fd)
}

function doctor(pid: number, cache: string): string {
  const ran = spawnSync(process.execPath, [CLI, 'doctor', String(pid)], {
    encoding: 'utf8',
    env: { PATH: process.env['PATH'], HOME: folder, XDG_CACHE_HOME: cache },
  })
  expect(ran.status, ran.stdout).toBe(0)
  return ran.stdout
}

const canStrip = spawnSync('strip', ['--version']).status === 0

describe.each(NODES)('Node $version', (node) => {
  it('learns by calibration what its shipped table says, keeps it, and discards it when it is broken', async () => {
    const root = `/proc/${await start(node.path)}`
    const memory = openLiveMemory(root)
    try {
      const shipped = resolveLayout(openNodeBinary(root, memory.mappings()), { cacheFolder: null })
      expect(shipped.origin).toBe('shipped')
      const options = { cacheFolder: path.join(folder, `cache-${node.major}`), tables: noTables }
      const startedMs = performance.now()
      const learnt = calibrateLayout(root, { ...options, forced: false })
      expect(performance.now() - startedMs).toBeLessThan(CALIBRATION_MS)
      expect(learnt.origin).toBe('calibrated')
      expect(learnt.layout).toEqual(shipped.layout)
      const again = resolveLayout(openNodeBinary(root, memory.mappings()), options)
      expect(again).toEqual({ origin: 'cached', layout: shipped.layout })
      const file = path.join(options.cacheFolder, `${shipped.layout.buildId}.json`)
      for (const broken of ['{"schema":', JSON.stringify({ ...shipped.layout, isolate: { heap: 'x' } })]) {
        writeFileSync(file, broken)
        expect(resolveLayout(openNodeBinary(root, memory.mappings()), options)).toEqual({
          origin: 'symbols',
          layout: shipped.layout,
        })
        expect(readFileSync(file, 'utf8')).not.toBe(broken)
      }
    } finally {
      memory.dispose()
    }
  })

  it('reads an unknown build by its symbols, and the next time out of the cache', async () => {
    const binary = copyOf(node, 'changed')
    changeBuildId(binary)
    const pid = await start(binary)
    const cache = path.join(folder, `home-${node.major}`)
    expect(doctor(pid, cache)).toContain('known from the symbols of its binary')
    expect(doctor(pid, cache)).toContain('known: learnt before')
    rmSync(path.dirname(binary), { recursive: true })
  })

  it.skipIf(!canStrip)('reads a stripped binary as exactly as a whole one, by its build id (needs strip)', async () => {
    const binary = copyOf(node, 'stripped')
    expect(spawnSync('strip', [binary]).status).toBe(0)
    truth = await startTruth({ ...node, path: binary }, { program: 'truth-minified.cjs' })
    const target = { pid: truth.pid, startTicks: null, procRoot: `/proc/${truth.pid}`, inside: false }
    const deadline = performance.now() + 20_000
    for (;;) {
      const memory = openMemoryTarget(target)
      try {
        const [main] = readStacks(memory, { target, deadlineMs: performance.now() + 5000 }).stacks
        const blocked = main?.frames.some((frame) => frame.function === 'read') === true
        if (!blocked && performance.now() < deadline) continue
        expect(memory.layout.origin).toBe('shipped')
        expect(scriptLines(main?.frames ?? [])).toEqual(scriptLines(truth.truths[0] ?? []))
        break
      } finally {
        memory.dispose()
      }
    }
    rmSync(path.dirname(binary), { recursive: true })
  })

  it.skipIf(!canStrip)('reads a stripped binary of an unknown build by what strip leaves (needs strip)', async () => {
    const binary = copyOf(node, 'unknown')
    expect(spawnSync('strip', [binary]).status).toBe(0)
    changeBuildId(binary)
    const pid = String(await start(binary))
    const ran = spawnSync(process.execPath, [CLI, 'dump', pid, '--samples', '1', '--engine', 'memory'], {
      encoding: 'utf8',
      env: { PATH: process.env['PATH'], HOME: folder, XDG_CACHE_HOME: path.join(folder, `bare-${node.major}`) },
    })
    expect(ran.status, ran.stderr).toBe(0)
    expect(ran.stdout).toContain('([eval]:1:')
    rmSync(path.dirname(binary), { recursive: true })
  })
})
