import { expect, test } from 'vitest'
import { diagnose } from '../../../src/diagnose/diagnose.js'
import { joinEvidence } from '../../../src/evidence/join.js'
import type { Evidence } from '../../../src/model/evidence.js'
import { renderDump, renderHeader } from '../../../src/report/dump-text.js'
import { printable, wantsColor } from '../../../src/report/terminal.js'
import { awaitNode, evidence, frame, idleMain, kernelLook, socket, silence } from '../../support/evidence.js'

function stuckPoll(): Evidence {
  const node = awaitNode(
    'fetchOrder',
    18,
    {
      kind: 'http-request',
      summary: 'GET http://10.0.0.5:8080/orders/7',
      fd: 21,
      url: 'http://10.0.0.5:8080/orders/7',
      method: 'GET',
      sinceMs: 61_000,
    },
    { awaitedBy: [frame('execute', 30), frame('poll', 44)].map((each) => ({ ...each, async: true })) },
  )
  const round = (takenAtMs: number) => ({
    takenAtMs,
    kernel: {
      status: 'captured' as const,
      evidence: kernelLook({ takenAtMs, sockets: [socket()] }),
      tookMs: 1,
      pausedMs: 0,
    },
    stacks: { status: 'captured' as const, evidence: [idleMain()], tookMs: 1, pausedMs: 0 },
    awaits: {
      status: 'captured' as const,
      evidence: { engine: 'memory' as const, awaits: [node], roots: [], suspended: 3, pausedMs: 0, notes: [] },
      tookMs: 1,
      pausedMs: 0,
    },
  })
  return joinEvidence({
    process: evidence([{}]).process,
    stall: silence(),
    from: 'outside',
    looks: [round(0), round(2_000)],
    missing: [
      { what: 'cpu-profile', why: 'ERR_STALL_NOT_ENABLED', message: 'not asked for: --profile SECONDS' },
      { what: 'heap', why: 'ERR_STALL_TIMEOUT', message: 'gave up after 2000 ms' },
    ],
  })
}

const sourceOf = () => [
  { line: 17, text: 'async function fetchOrder(id) {', here: false },
  { line: 18, text: '  return await fetch(url(id))', here: true },
  { line: 19, text: '}', here: false },
]

test('tells verdict, place with its source, chain, wait, next step and what is missing, in 25 lines', () => {
  const stuck = stuckPoll()
  const text = renderHeader(stuck.process) + renderDump(stuck, diagnose(stuck), { sourceOf })
  expect(text.trimEnd().split('\n').length).toBeLessThanOrEqual(25)
  const order = [
    'Process 10  node worker.js',
    'awaiting/http-response  confidence high',
    'fetchOrder (src/worker.js:18:3)',
    '> 18 |   return await fetch(url(id))',
    '< async execute (src/worker.js:30:5)',
    '< async poll (src/worker.js:44:5)',
    'Waits for: GET http://10.0.0.5:8080/orders/7, ESTABLISHED',
    'Next: ',
    'What would rule it out: ',
    'heap: gave up after 2000 ms',
    'Cost to the process',
  ]
  expect(text, 'what nobody asked for is not missing').not.toContain('cpu-profile')
  const at = order.map((part) => text.indexOf(part))
  expect(at, text).toEqual([...at].sort((a, b) => a - b))
  expect(Math.min(...at), text).toBeGreaterThanOrEqual(0)
})

test('adds threads, awaits and sockets when asked for all', () => {
  const stuck = stuckPoll()
  const text = renderDump(stuck, diagnose(stuck), { verbose: true })
  expect(text).toMatch(/^Threads$/m)
  expect(text).toContain('10 main  idle  in epoll_pwait(fd 13)')
  expect(text).toContain('fd 21 tcp ESTABLISHED 10.0.0.2:50000 > 10.0.0.5:8080')
})

test('folds frames inside node to one line and a count', () => {
  const internals = ['a', 'b', 'c'].map((name) => frame(name, 1, `node:internal/${name}`))
  const busy = evidence([{ threads: [{ ...idleMain(), state: 'running', frames: [frame('hot', 3), ...internals] }] }])
  const text = renderDump(busy, diagnose(busy), { verbose: true })
  expect(text).toContain('a (node:internal/a:1:5)')
  expect(text).toContain('... 3 frames inside node')
  expect(text).not.toContain('node:internal/b')
})

test('never sends control characters of the target to the terminal', () => {
  const evil = evidence([
    { threads: [{ ...idleMain(), state: 'running', frames: [frame('x\u001b]0;owned\u0007', 3)] }] },
  ])
  const process = { ...evil.process, argv: ['node', 'a\u001b[2Jb'] }
  const text = renderHeader(process) + renderDump(evil, diagnose(evil), { verbose: true })
  expect(text).not.toContain('\u001b')
  expect(text).not.toContain('\u0007')
  expect(printable('\u202e\tx')).toBe(String.raw`\u{202e} x`)
})

test('colours only for a terminal that wants it', () => {
  expect(wantsColor({ isTTY: true }, {})).toBe(true)
  expect(wantsColor({ isTTY: true }, { NO_COLOR: '1' })).toBe(false)
  expect(wantsColor({}, {})).toBe(false)
  expect(wantsColor({}, { FORCE_COLOR: '1' })).toBe(true)
  const stuck = stuckPoll()
  expect(renderDump(stuck, diagnose(stuck), { color: true })).toContain('\u001b[1m')
})
