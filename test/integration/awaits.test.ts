/** The await tree from memory against what each program says of itself, on every Node line. */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { withOriginalSources } from '../../src/investigate/map-sources.js'
import type { AwaitRoot } from '../../src/model/await.js'
import { createSourceMaps } from '../../src/source/source-maps.js'
import { differences, programFile, readTruth } from '../support/await-oracle.js'
import { lookAtAwaits, startProgram, type AwaitTarget } from '../support/await-target.js'
import { evidence, look } from '../support/evidence.js'
import { NODES, PROGRAMS, PROJECT_ROOT } from '../support/nodes.js'

let folder = ''
let servers: ChildProcess
let ports = ''

beforeAll(async () => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'awaits-'))
  const node = NODES[0]
  if (node === undefined) throw new Error('no Node to test')
  servers = spawn(node.path, [programFile(PROGRAMS, 'silent-servers.mjs')], { stdio: ['ignore', 'pipe', 'inherit'] })
  ports = await new Promise((resolve) =>
    servers.stdout?.once('data', (data: Buffer) => resolve(data.toString().trim())),
  )
})

afterAll(() => {
  servers.kill()
  rmSync(folder, { recursive: true, force: true })
})

async function withProgram<T>(start: Promise<AwaitTarget>, use: (target: AwaitTarget) => T | Promise<T>): Promise<T> {
  const target = await start
  try {
    return await use(target)
  } finally {
    await target.end()
  }
}

/** Checks one program; the child's own version is asserted through its binary. */
async function expectTruth(node: (typeof NODES)[number], name: string, args: readonly string[] = []): Promise<void> {
  const file = programFile(PROGRAMS, name)
  await withProgram(startProgram(node, file, args), (target) => {
    expect(execFileSync(`/proc/${target.pid}/exe`, ['-p', 'process.version'], { encoding: 'utf8' }).trim()).toBe(
      node.version,
    )
    expect(differences(lookAtAwaits(target.pid), readTruth(file, Number(args[0] ?? 0)))).toEqual([])
  })
}

function rootsNamed(roots: readonly AwaitRoot[], name: string | null): AwaitRoot[] {
  return roots.flatMap((root) => [...(root.function === name ? [root] : []), ...rootsNamed(root.awaiting, name)])
}

describe.each(NODES)('awaits from memory on Node $major', (node) => {
  it('shows every await pattern with its place, its awaiters and what it waits for', async () => {
    await expectTruth(node, 'patterns.mjs')
  })

  it('reads CommonJS, minified code and worker threads', async () => {
    await Promise.all(['commonjs.cjs', 'minified.cjs', 'threads.cjs'].map((name) => expectTruth(node, name)))
  })

  it('reads compiled TypeScript at its generated place, with its source beside it', async () => {
    const source = programFile(PROGRAMS, 'typed.ts')
    const tsc = path.join(PROJECT_ROOT, 'node_modules/typescript/bin/tsc')
    const out = path.join(folder, `typed-${node.major}`)
    execFileSync(process.execPath, [
      tsc,
      source,
      '--ignoreConfig',
      '--outDir',
      out,
      '--sourceMap',
      '--target',
      'es2022',
      '--module',
      'commonjs',
      '--types',
      'node',
      '--typeRoots',
      path.join(PROJECT_ROOT, 'node_modules/@types'),
    ])
    const file = path.join(out, 'typed.js')
    await withProgram(startProgram(node, file), (target) => {
      const tree = lookAtAwaits(target.pid)
      expect(differences(tree, readTruth(file))).toEqual([])
      const mapped =
        withOriginalSources(evidence([look({ awaits: tree })]), createSourceMaps()).looks[0]?.awaits ?? tree
      const truths = readTruth(source)
      const leaf = mapped.awaits.find((each) => each.file === file && each.awaitedBy.some((up) => up.file === file))
      expect(leaf?.awaitedBy.filter((up) => up.file === file).map((up) => up.source?.file)).toContain(source)
      for (const { fn, line } of truths) {
        const lines = [...mapped.awaits.filter((each) => each.function === fn), ...rootsNamed(mapped.roots, fn)]
        expect(lines.map((each) => `${each.source?.file}:${each.source?.line}`)).toContain(`${source}:${line}`)
      }
    })
  })

  it.each(['es5-typescript.cjs', 'es5-babel.cjs', 'es5-regenerator.cjs'])(
    'reads async functions that were compiled for engines without generators (%s)',
    async (name) => {
      await expectTruth(node, name)
    },
  )

  it('names the resource behind every kind of wait', async () => {
    await expectTruth(node, 'resources.mjs', [ports])
  })

  it("names files, look-ups and jobs that wait for libuv's pool", async () => {
    const fifo = path.join(folder, `stuck-${node.major}.fifo`)
    execFileSync('mkfifo', [fifo])
    const file = programFile(PROGRAMS, 'pool-waits.mjs')
    const target = await startProgram(node, file, [fifo])
    try {
      const truths = readTruth(file).map((each) => (each.fn === 'openIt' ? { ...each, says: /stuck-\d+\.fifo/ } : each))
      expect(differences(lookAtAwaits(target.pid), truths)).toEqual([])
    } finally {
      target.child.removeAllListeners('exit')
      target.child.kill('SIGKILL')
    }
  })

  it('tells locks with their holders, and a deadlock as such', async () => {
    await expectTruth(node, 'locks.mjs')
  })

  it('tells what nothing can settle from what merely waits', async () => {
    await expectTruth(node, 'forgotten.mjs')
  })

  it('reads values only when asked, redacted by their names', async () => {
    const file = programFile(PROGRAMS, 'locals.cjs')
    await withProgram(startProgram(node, file), (target) => {
      const find = (locals: boolean) =>
        lookAtAwaits(target.pid, { locals }).awaits.find((each) => each.function === 'charge')
      expect(find(false)?.locals).toBeUndefined()
      const values = new Map(find(true)?.locals?.map((local) => [local.name, local.value]))
      expect(values.get('order')).toBe('Order {id: 7, state: "open"}')
      expect([values.get('retries'), values.get('total')]).toEqual(['3', '42.5'])
      expect(values.get('password')).toMatch(/redacted/)
      expect(JSON.stringify([...values])).not.toContain('hunter2')
    })
  })

  it('shows ten thousand suspended functions as two lines', async () => {
    const file = programFile(PROGRAMS, 'many.mjs')
    await withProgram(startProgram(node, file, ['10000', '2']), (target) => {
      const tree = lookAtAwaits(target.pid)
      expect(differences(tree, readTruth(file, 10_000))).toEqual([])
      expect(tree.awaits.filter((each) => each.file === file)).toHaveLength(2)
      expect(tree.roots.filter((each) => each.file === file)).toMatchObject([
        { function: 'task', count: 10_000, awaiting: [{ function: 'job', count: 10_000 }] },
      ])
    })
  })

  it('finds the stable functions in every look while short-lived ones churn beside them', async () => {
    const file = programFile(PROGRAMS, 'churn.mjs')
    const [stable, keeper] = readTruth(file)
    const source = readFileSync(file, 'utf8').split('\n')
    await withProgram(startProgram(node, file), (target) => {
      for (let look = 0; look < 4; look++) {
        const tree = lookAtAwaits(target.pid)
        const count = (line: number | undefined): number =>
          tree.awaits.reduce((sum, each) => sum + (each.file === file && each.line === line ? each.count : 0), 0)
        expect([count(stable?.line), count(keeper?.line)]).toEqual([300, 300])
        // Lines of a program that no function is suspended at would be torn reads.
        const lines = new Set(tree.awaits.filter((each) => each.file === file).map((each) => each.line))
        expect([...lines].every((line) => /\bawait\b/.test(source[(line ?? 0) - 1] ?? ''))).toBe(true)
      }
    })
  })
})
