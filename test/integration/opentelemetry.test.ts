/** Incidents in the application's own OpenTelemetry: the real API and SDK, with exporters that keep what they get. */
import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { NODES, PROJECT_ROOT } from '../support/nodes.js'
import { RunningWorker } from '../support/run-worker.js'

const PROGRAM = path.join(PROJECT_ROOT, 'test/otel/worker.cjs')
const oldest = NODES[0]
const newest = NODES.at(-1)
if (!oldest || !newest) throw new Error('no Node binaries')
const LONG = { CONDUCTOR_WORKER_POLL_STALL_TIMEOUT_SECONDS: '600' }

interface Told {
  readonly spans: readonly Record<string, unknown>[]
  readonly records: readonly Record<string, unknown>[]
  readonly metrics: readonly { readonly name: string; readonly points: unknown }[]
}

/** Asked again until it has what is wanted: the message to the main thread is on its way. */
async function toldBy(worker: RunningWorker, name: string, tries = 100): Promise<Told> {
  for (let asked = 0; ; asked++) {
    const before = worker.said.length
    worker.child.kill('SIGUSR2')
    await worker.says('told ')
    while (!worker.said.slice(before).includes('\n')) await new Promise((resolve) => setTimeout(resolve, 20))
    const last = worker.said.trimEnd().split('\n').at(-1) ?? ''
    const told = JSON.parse(last.replace(/^told /, '')) as Told
    if (told.spans.some((span) => span['name'] === name)) return told
    if (asked >= tries) throw new Error(`no ${name}: ${last}`)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

describe.concurrent.each([oldest, newest])('on Node $major', (node) => {
  it('an incident is a span, a count and an event of the application, linked to the trace that is stuck', async () => {
    const worker = new RunningWorker({ node, program: PROGRAM, args: ['wait'], env: LONG })
    await worker.says('"event":"incident"', 90_000)
    const { spans, records, metrics } = await toldBy(worker, 'conductor.stall')
    worker.child.kill('SIGKILL')
    const { incidents } = await worker.result
    const [, traceId, spanId] = /stuck (\w+) (\w+)/.exec(worker.said) ?? []
    const span = spans.find(({ name }) => name === 'conductor.stall')
    expect(span).toMatchObject({
      resource: { 'service.name': 'billing', 'deployment.environment.name': 'test' },
      attributes: { 'conductor.stall.clock': 'invoices', 'conductor.stall.incident': incidents[0]?.id },
      links: [{ context: { traceId, spanId } }],
    })
    expect(Number(span?.['ms'])).toBeGreaterThan(900)
    expect(records).toMatchObject([
      { eventName: 'conductor.stall', severityText: 'WARN', attributes: { 'conductor.stall.trace_id': traceId } },
    ])
    expect(metrics.find(({ name }) => name === 'conductor.stall.incidents')?.points).toMatchObject([
      { value: 1, attributes: { 'conductor.stall.level': 'warn', 'conductor.stall.trigger': 'loop-silence' } },
    ])
  })
})

it.concurrent('what ended the process is told by the next run', async ({ onTestFinished }) => {
  const dir = mkdtempSync(path.join(os.tmpdir(), 'stall-otel-'))
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }))
  const first = new RunningWorker({ node: newest, program: PROGRAM, args: ['loop'], dir })
  expect(await first.result).toMatchObject({ code: 70 })
  const second = new RunningWorker({ node: newest, program: PROGRAM, args: ['idle'], dir, env: LONG })
  await second.says('up')
  const { spans, metrics } = await toldBy(second, 'conductor.stall.ended')
  second.child.kill('SIGKILL')
  await second.result
  expect(spans).toMatchObject([
    { name: 'conductor.stall.ended', status: { code: 2 }, attributes: { 'conductor.stall.exit_code': 70 } },
  ])
  expect(metrics.map(({ name }) => name)).toEqual(['conductor.stall.ended'])
})

it.concurrent('and nothing at all when it is switched off', async () => {
  const env = { ...LONG, CONDUCTOR_STALL_OPENTELEMETRY: 'off' }
  const worker = new RunningWorker({ node: newest, program: PROGRAM, args: ['wait'], env })
  await worker.says('"event":"incident"', 90_000)
  await expect(toldBy(worker, 'conductor.stall', 10)).rejects.toThrow('no conductor.stall')
  worker.child.kill('SIGKILL')
  await worker.result
})
