/** `top` as people run it, without a terminal. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import type { TopMoment } from '../../src/model/top.js'
import { runCli } from '../support/cli.js'
import { CLI, NODES, PROGRAMS, type NodeBinary } from '../support/nodes.js'

const started: ChildProcess[] = []
afterEach(() => {
  for (const child of started.splice(0)) child.kill('SIGKILL')
})

async function start(node: NodeBinary, program: string, env: Record<string, string> = {}): Promise<number> {
  const child = spawn(node.path, [path.join(PROGRAMS, program)], { env, stdio: ['ignore', 'pipe', 'inherit'] })
  started.push(child)
  await once(child.stdout, 'data')
  return child.pid ?? 0
}

describe.each(NODES)('Node $version', (node) => {
  it('shows each thread with what it is in, one JSON object a refresh', async () => {
    const pid = await start(node, 'two-threads.cjs')
    const ran = await runCli(['top', String(pid), '-n', '2', '-i', '0.5', '--json'])
    expect(ran.code, ran.stderr).toBe(0)
    const moments = ran.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as TopMoment)
    expect(moments).toHaveLength(2)
    const [, second] = moments as [TopMoment, TopMoment]
    expect(second.threads.map(({ role }) => role)).toEqual(['main', 'worker'])
    expect(second.functions.map((each) => each.function)).toEqual(expect.arrayContaining(['mainLoop', 'workerLoop']))
    expect(second.samples).toBeGreaterThan(0)
  })

  it('keeps what it saw of a process that ends, and says so', async () => {
    const pid = await start(node, 'family.cjs', { ENDS: 'exit', ENDS_MS: '600000' })
    const top = spawn(process.execPath, [CLI, 'top', String(pid), '-i', '0.2'], { stdio: ['ignore', 'pipe', 'pipe'] })
    started.push(top)
    let [out, err] = ['', '']
    top.stdout.on('data', (chunk: Buffer) => {
      out += chunk.toString()
      // It was seen: now it ends.
      started[0]?.kill('SIGKILL')
    })
    top.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()))
    const [code] = (await once(top, 'close')) as [number | null]
    expect([code, err]).toEqual([0, `process ${pid} has ended\n`])
    expect(out).toMatch(/\d+ samples?.* \| main \d+ \d+ % busy.* \| \d+ % parentLoop \(/)
  })
})

it.each([
  ['a pid that is none', ['top', 'abc'], 64],
  ['a rate of nothing', ['top', '1', '-r', '0'], 64],
  ['a process that does not exist', ['top', '999999999'], 66],
])('refuses %s', async (_what, args, code) => {
  const ran = await runCli(args)
  expect(ran.code, ran.stderr).toBe(code)
})
