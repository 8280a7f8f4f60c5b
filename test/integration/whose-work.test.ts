/** Whose work a parked await and a running frame do, read from the memory of a process that nobody prepared. */
import path from 'node:path'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { openMemoryTarget } from '../../src/capture/memory-target.js'
import { readStacks } from '../../src/capture/stacks-capturer.js'
import type { AwaitNode } from '../../src/model/await.js'
import type { ThreadStack } from '../../src/model/thread.js'
import { createRedactor } from '../../src/redact/redactor.js'
import { lookAtAwaits, startProgram, startTicksOf, type AwaitTarget } from '../support/await-target.js'
import { startConductorServer, type ConductorServer } from '../support/conductor-server.js'
import { NODES, PROJECT_ROOT, type NodeBinary } from '../support/nodes.js'

const WORKER = path.join(PROJECT_ROOT, 'test/sdk/whose-work/worker.cjs')
const TRACE = { traceId: expect.stringMatching(/^[0-9a-f]{32}$/), spanId: expect.stringMatching(/^[0-9a-f]{16}$/) }

let server: ConductorServer | null = null
let target: AwaitTarget | null = null

afterEach(async () => {
  await target?.end()
  await server?.stop()
  target = null
  server = null
})

interface Started {
  readonly pid: number
  /** What the worker itself said of its span. */
  readonly span: string | null
  readonly taskIds: readonly string[]
}

async function start(
  node: NodeBinary,
  env: NodeJS.ProcessEnv,
  options: { readonly sdk?: string; readonly nodeArgs?: readonly string[]; readonly tasks?: number } = {},
): Promise<Started> {
  server = await startConductorServer()
  const tasks = await server.enqueue('charge', { count: options.tasks ?? 1, inputData: { card: '4111' } })
  const sdk = path.join(PROJECT_ROOT, `test/sdk/conductor-${options.sdk ?? '4.0.0'}`)
  let said = ''
  target = await startProgram(node, WORKER, [], {
    env: { CONDUCTOR_SERVER_URL: server.url, SDK: sdk, ...env },
    ...(options.nodeArgs === undefined ? {} : { nodeArgs: options.nodeArgs }),
    onOutput: (text) => (said += text),
  })
  return {
    pid: target.pid,
    span: /SPAN (\S+ \S+)/.exec(said)?.[1] ?? null,
    taskIds: tasks.map((task) => task.taskId),
  }
}

function parkedIn(pid: number, locals = false): AwaitNode | undefined {
  return lookAtAwaits(pid, { locals }).awaits.find((node) => node.function === 'standStill')
}

/**
 * In its first moments the program's young objects still move while they are read, and one look may have but a part: what
 * is expected must be in one look, and not in the first.
 */
async function inOneLook(check: () => void): Promise<void> {
  await vi.waitFor(check, { timeout: 20_000, interval: 100 })
}

function mainThread(pid: number, locals = false): ThreadStack | undefined {
  const process = { pid, startTicks: startTicksOf(pid), procRoot: `/proc/${pid}`, inside: false }
  const memory = openMemoryTarget(process)
  try {
    const request = { target: process, deadlineMs: performance.now() + 60_000, locals, redactor: createRedactor() }
    return readStacks(memory, request).stacks.find((stack) => stack.role === 'main')
  } finally {
    memory.dispose()
  }
}

/** Task and span of one look. */
const saidOf = (work: ThreadStack['work']): string =>
  `${work?.task?.taskType} ${work?.task?.taskId} ${work?.trace?.traceId} ${work?.trace?.spanId}`

describe.each(NODES)('on Node $version', (node) => {
  test('a parked await has its task and its span, each of its own', async () => {
    const { pid, taskIds } = await start(node, { WORK: 'park', TRACE: '1' }, { tasks: 2 })
    await inOneLook(() => {
      const parked = parkedIn(pid)
      expect(parked?.count).toBe(2)
      const work = parked?.work ?? []
      expect(new Set(work.map((each) => each.task?.taskId))).toEqual(new Set(taskIds))
      expect(new Set(work.map((each) => each.trace?.spanId)).size).toBe(2)
      for (const each of work) {
        expect(each).toEqual({
          task: {
            taskId: expect.any(String),
            taskType: 'charge',
            workflowId: expect.any(String),
            retryCount: 0,
            pollCount: expect.any(Number),
          },
          trace: TRACE,
        })
      }
    })
  })

  test.each(['loop', 'loop-plain', 'block'])('a frame that runs has them too (%s)', async (kind) => {
    const { pid, span, taskIds } = await start(node, { WORK: kind, TRACE: '1' })
    await expect.poll(() => saidOf(mainThread(pid)?.work), { timeout: 20_000 }).toBe(`charge ${taskIds[0]} ${span}`)
  })

  test('the task alone, where nobody traces', async () => {
    const { pid, taskIds } = await start(node, { WORK: 'park' })
    const task = expect.objectContaining({ taskId: taskIds[0] })
    await inOneLook(() => expect(parkedIn(pid)?.work).toEqual([{ task }]))
  })

  test("of the application's own store the keys when asked, never a value, else nothing", async () => {
    const { pid } = await start(node, { WORK: 'park', FOREIGN: '1' })
    const looks: (AwaitNode | undefined)[] = []
    await inOneLook(() => {
      looks.push(parkedIn(pid))
      expect(looks.at(-1)?.work).toHaveLength(1)
    })
    expect(looks.flatMap((look) => look?.work ?? []).filter(({ stores }) => stores !== undefined)).toEqual([])
    await inOneLook(() => {
      looks.push(parkedIn(pid, true))
      const stores = [{ class: 'Object', keys: ['requestId', 'password'] }]
      expect(looks.at(-1)?.work?.[0]?.stores).toEqual(stores)
    })
    // In none of them, complete or not.
    expect(JSON.stringify(looks)).not.toContain('hunter2')
  })

  test('nothing, where no store is', async () => {
    const idle = path.join(PROJECT_ROOT, 'test/fixtures/programs/awaits/no-store.cjs')
    target = await startProgram(node, idle)
    const waiting = lookAtAwaits(target.pid).awaits.filter((each) => each.function === 'waitForever')
    expect(waiting).toHaveLength(1)
    expect(waiting[0]).not.toHaveProperty('work')
    expect(mainThread(target.pid)).not.toHaveProperty('work')
  })

  // 3.1.0 has the context that 4.0.0 has; before, the task is known as an argument alone.
  test.each(node.major === 20 ? ['3.1.0', '2.4.1', '1.2.3'] : ['2.4.1'])('the task of SDK %s', async (sdk) => {
    const { pid, taskIds } = await start(node, { WORK: 'park' }, { sdk })
    const task = expect.objectContaining({ taskId: taskIds[0], taskType: 'charge' })
    await expect.poll(() => parkedIn(pid)?.work, { timeout: 20_000 }).toEqual([{ task }])
  })
})

describe.each(NODES.filter(({ major }) => major >= 22))('on Node $version with the other kind of stores', (node) => {
  test.each(['park', 'loop-plain'])('%s', async (kind) => {
    const nodeArgs = [node.major === 22 ? '--experimental-async-context-frame' : '--no-async-context-frame']
    const { pid, span, taskIds } = await start(node, { WORK: kind, TRACE: '1' }, { nodeArgs })
    const workOf = () => (kind === 'park' ? parkedIn(pid)?.work?.[0] : mainThread(pid)?.work)
    await expect.poll(() => saidOf(workOf()), { timeout: 20_000 }).toBe(`charge ${taskIds[0]} ${span}`)
  })
})
