// What an integration costs a poll loop: the library's own loop with requests that are answered at once, with and without it
// in turn, each in a process of its own. Nothing else is in the loop: no network, no work.
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import path from 'node:path'
import { promisify } from 'node:util'

export const title = 'Poll loops, with and without their integration'

const ROOT = path.resolve(import.meta.dirname, '..')
const PROGRAM = path.join(import.meta.dirname, 'programs/poll-loop.cjs')
const runProgram = promisify(execFile)
const LIBRARIES = {
  conductor: { name: 'Conductor SDK 4.0.0', from: 'test/sdk/conductor-4.0.0' },
  'sqs-consumer': { name: 'sqs-consumer 14.2.1', from: 'test/queues' },
  kafkajs: { name: 'kafkajs 2.2.4', from: 'test/queues' },
  bull: { name: 'bull 4.16.5', from: 'test/queues' },
  bullmq: { name: 'bullmq 5.81.3', from: 'test/queues' },
  'bullmq-6': { name: 'bullmq 6.1.2', from: 'test/queues' },
  'pg-boss': { name: 'pg-boss 10.4.2', from: 'test/queues' },
  amqplib: { name: 'amqplib 2.3.1', from: 'test/queues', what: 'messages' },
  'amqplib-0': { name: 'amqplib 0.10.9', from: 'test/queues', what: 'messages' },
}

async function once(library, how, polls) {
  const { stdout } = await runProgram(process.execPath, [PROGRAM, library, how, String(polls)])
  return JSON.parse(stdout.trim().split('\n').at(-1))
}

const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]
const round = (value, digits = 0) => Number(value.toFixed(digits))

export async function run({ quick, progress }) {
  const [rounds, polls] = quick ? [1, 10_000] : [5, 50_000]
  const rows = []
  for (const [library, { name, from, what = 'polls' }] of Object.entries(LIBRARIES)) {
    if (!existsSync(path.join(ROOT, from, 'node_modules'))) {
      rows.push({ what: name, value: '-', unit: '', note: `not installed: npm ci --prefix ${from}` })
      continue
    }
    const seen = { plain: [], hooked: [] }
    for (let i = 0; i < rounds; i++) {
      for (const how of ['plain', 'hooked']) {
        progress(`${name}, ${how}, ${i + 1} of ${rounds}`)
        seen[how].push(await once(library, how, polls))
      }
    }
    const of = (how, figure) => median(seen[how].map(figure))
    const rate = ({ polls: count, ms }) => (count * 1000) / ms
    const cpu = ({ polls: count, cpuMicros }) => cpuMicros / count
    rows.push({
      what: `${name}: ${what} a second`,
      value: round(of('hooked', rate)),
      unit: 'with',
      note: `${round(of('plain', rate))} without (${round((100 * of('hooked', rate)) / of('plain', rate))} %)`,
    })
    rows.push({
      what: `${name}: CPU an iteration`,
      value: round(of('hooked', cpu), 2),
      unit: 'µs with',
      note: `${round(of('plain', cpu), 2)} µs without (${round(of('hooked', cpu) - of('plain', cpu), 2)} µs more)`,
    })
  }
  return rows
}
