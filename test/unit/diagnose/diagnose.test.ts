import { describe, expect, test } from 'vitest'
import type { Frame } from '../../../src/model/frame.js'
import { diagnose } from '../../../src/diagnose/diagnose.js'
import {
  clock,
  evidence,
  frame,
  idleMain,
  kernelLook,
  kernelThread,
  loopState,
  mainStack,
  nativeFrame,
  silence,
} from '../../support/evidence.js'

const poll = frame('poll', 40)

test('names the function that stays, at its hottest line', () => {
  const stack = (line: number) =>
    mainStack({ frames: [frame('spin', line), frame('execute', 20), poll], loop: loopState() })
  const [first] = diagnose(evidence([{ threads: [stack(7)] }, { threads: [stack(8)] }, { threads: [stack(7)] }]))
  expect(first).toMatchObject({ kind: 'computing', cause: 'loop', confidence: 'high' })
  expect(first?.where).toMatchObject({ function: 'spin', line: 7 })
  expect(first?.chain.map((each) => each.function)).toEqual(['spin', 'execute', 'poll'])
})

test.each([
  ['computing', mainStack({ frames: [frame('spin', 7), poll] })],
  [
    'blocked-in-native',
    mainStack({ state: 'sleeping', frames: [{ ...nativeFrame('x'), native: true }, frame('readSync', 2), poll] }),
  ],
] as const)(
  'says of %s for how long the loop itself has stood still, not for how long it was looked at',
  (kind, stack) => {
    const stuck = (stuckMs: number) => ({ threads: [{ ...stack, loop: loopState({ stuckMs }) }] })
    const looks = [
      { ...stuck(61_000), takenAtMs: 0 },
      { ...stuck(61_500), takenAtMs: 500 },
    ]
    const [first] = diagnose(evidence(looks))
    expect(first?.kind).toBe(kind)
    expect(first?.summary).toMatch(/, for 61\.5 s\.$/)
    expect(first?.signs).toContain('its event loop has not turned for 61.5 s')
  },
)

test('blames the loop that keeps calling, when its callees come and go', () => {
  const stack = (leaf: string) => mainStack({ frames: [frame(leaf, 3), frame('drain', 12), poll], loop: loopState() })
  const [first] = diagnose(evidence(['a', 'b', 'c', 'd'].map((leaf) => ({ threads: [stack(leaf)] }))))
  expect(first).toMatchObject({ kind: 'computing', cause: 'loop', where: { function: 'drain', line: 12 } })
})

describe('a function that is in all stacks, and may have been called anew in each,', () => {
  const builtin = (name: string) => ({ ...frame(name, null, null), tier: 'builtin' as const })
  const verdictOf = (...stacks: Frame[][]) =>
    diagnose(evidence(stacks.map((frames) => ({ threads: [mainStack({ frames, loop: loopState() })] }))))[0]

  test('is said to be there, with its caller, and not to never return', () => {
    const frames = [frame('cache', 3), frame('collect', 9), poll]
    const verdict = verdictOf(frames, [frame('cache', 4), ...frames.slice(1)], frames)
    expect(verdict).toMatchObject({ cause: 'loop', where: { function: 'cache', line: 3 } })
    expect(verdict?.summary).toContain(': all 3 stacks are in cache (worker.js:3), called from collect (worker.js:9)')
    expect(verdict?.nextStep).toMatch(
      /^Look for what .*: in cache itself, or around its call in collect \(worker\.js:9\);/,
    )
    expect(verdict?.signs).toContain('one function of yours is in all of 3 stacks')
    expect(JSON.stringify(verdict)).not.toMatch(/never return|loop condition/)
  })

  test.each(['sort', 'forEach', 'map', 'reduce', '[Symbol.replace]'])(
    'is a callback of %s where that calls it',
    (name) => {
      const frames = [frame('compare', 1), builtin(name), frame('run', 5), poll]
      const verdict = verdictOf(frames, frames)
      expect(verdict).toMatchObject({ kind: 'computing', cause: 'loop', where: { function: 'compare', line: 1 } })
      expect(verdict?.summary).toContain(`are in compare (worker.js:1), called by ${name} from run (worker.js:5)`)
      expect(verdict?.nextStep).toContain(`in how many items run (worker.js:5) hands to ${name}, or`)
    },
  )

  test('is no callback of a builtin that calls once', () => {
    const frames = [frame('spin', 1), builtin('apply'), frame('run', 5), poll]
    expect(verdictOf(frames, frames)?.summary).toContain('are in spin (worker.js:1), called from run (worker.js:5)')
  })

  test('is named with who began it when it calls itself', () => {
    const frames = [frame('walk', 3), frame('walk', 4), frame('walk', 4), frame('start', 8), poll]
    expect(verdictOf(frames, frames)?.summary).toContain('called from start (worker.js:8)')
  })

  test('has no caller where nobody but the event loop called it', () => {
    const frames = [frame('tick', 3), frame('listOnTimeout', 600, 'node:internal/timers')]
    const awaiting = { ...poll, async: true }
    for (const all of [[frame('tick', 3)], [frame('tick', 3), awaiting]]) {
      const verdict = verdictOf(all, all)
      expect(verdict?.summary).toContain(': all 2 stacks are in tick (worker.js:3)')
      expect(verdict?.summary).not.toContain('called')
      expect(verdict?.nextStep).toContain(': in tick; yield')
    }
    expect(verdictOf(frames, frames)?.summary).not.toContain('called')
  })

  test('has the line of the stacks that know it, else that of its loop, else of its definition, and says which', () => {
    const at = (line: number, lineOf?: Frame['lineOf']) => [
      { ...frame('spin', line), ...(lineOf === undefined ? {} : { lineOf, probable: true }) },
      poll,
    ]
    const defined = verdictOf(at(1, 'definition'), at(1, 'definition'))
    expect(defined).toMatchObject({ where: { function: 'spin', line: 1, lineOf: 'definition' } })
    expect(defined?.summary).toContain('are in spin (defined at worker.js:1), called')
    const looping = verdictOf(at(1, 'definition'), at(1, 'definition'), at(3, 'loop'))
    expect(looping?.summary).toContain('are in spin (its loop at worker.js:3), called')
    const known = verdictOf(at(1, 'definition'), at(3, 'loop'), at(3, 'loop'), at(5))
    expect(known?.where).toMatchObject({ line: 5 })
    expect(known?.where).not.toHaveProperty('lineOf')
    expect(known?.summary).toContain('are in spin (worker.js:5), called')
  })

  test('is medium at most where neither the loop nor a clock stands still', () => {
    const stack = mainStack({ frames: [frame('work', 3), poll] })
    const confidence = (silent: boolean) =>
      diagnose(evidence([{ threads: [stack] }, { threads: [stack] }], silent ? { stall: silence() } : {}))[0]
        ?.confidence
    expect(confidence(false)).toBe('medium')
    expect(confidence(true)).toBe('high')
  })

  test('is counted where a stack lacks it', () => {
    const frames = [frame('spin', 3), poll]
    const verdict = verdictOf([poll], ...Array.from({ length: 10 }, () => frames))
    expect(verdict?.summary).toContain(': 10 of 11 stacks are in spin (worker.js:3), called from poll (worker.js:40)')
    expect(verdict?.signs).toContain('one function of yours is in (nearly) all of 11 stacks')
  })
})

test('says of a busy process whose loop turns where it burns, and that this is no proof', () => {
  const stack = (turns: number) => mainStack({ frames: [frame('work', 3), poll], loop: loopState({ turns }) })
  const kernel = (onCpuMs: number) =>
    kernelLook({ threads: [kernelThread({ counters: { ...kernelThread().counters, onCpuMs } })] })
  const [first] = diagnose(
    evidence([
      { threads: [stack(10)], kernel: kernel(0) },
      { threads: [stack(90)], kernel: kernel(1_900) },
    ]),
  )
  expect(first).toMatchObject({ kind: 'beating', confidence: 'low' })
  expect(first?.summary).toContain('95 % of a CPU is used, most of it seen in work (worker.js:3)')
  expect(first?.nextStep).not.toContain('Nothing to do')
})

test('takes a turning loop alone for no proof of progress', () => {
  const stack = (turns: number) => idleMain({ loop: loopState({ turns, polling: true }) })
  const [first] = diagnose(evidence([{ threads: [stack(10)] }, { threads: [stack(90)] }]))
  expect(first).toMatchObject({ kind: 'idle', confidence: 'low' })
})

test('does not believe a turning loop when a poll clock is silent', () => {
  const stack = (turns: number) => mainStack({ frames: [frame('work', 3), poll], loop: loopState({ turns }) })
  const verdicts = diagnose(evidence([{ threads: [stack(10)] }, { threads: [stack(90)] }], { stall: silence() }))
  expect(verdicts[0]).toMatchObject({ kind: 'computing' })
})

test.each([
  ['regexp', 'Builtins_RegExpPrototypeTest'],
  ['json', 'v8::internal::JsonParser<unsigned char>::ParseJson()'],
])('names %s by the native frame on top', (cause, symbol) => {
  const stack = mainStack({ frames: [nativeFrame(symbol), frame('check', 9), poll], loop: loopState() })
  expect(diagnose(evidence([{ threads: [stack] }, { threads: [stack] }]))[0]).toMatchObject({
    kind: 'computing',
    cause,
  })
})

test('calls a loop that makes small texts of JSON a loop, for one large value keeps every stack in it', () => {
  const builtin = { ...frame('stringify', null, null), tier: 'builtin' as const }
  const of = (json: boolean) =>
    mainStack({ frames: [...(json ? [builtin] : []), frame('log', 3), poll], loop: loopState() })
  const causeOf = (...looks: readonly boolean[]) =>
    diagnose(
      evidence(
        looks.map((json) => ({ threads: [of(json)] })),
        { stall: silence() },
      ),
    )[0]?.cause
  expect(causeOf(true, true, true)).toBe('json')
  expect(causeOf(true, false, true)).toBe('loop')
})

test('believes stacks from memory about builtins, however many samples of the inspector lack them', () => {
  const builtin = { ...frame('test', null, null), tier: 'builtin' as const }
  const stack = mainStack({ frames: [builtin, frame('check', 9), poll], loop: loopState() })
  const frames = [{ ...frame('check', 9), tier: null }, poll]
  const atMs = [0, 50, 100, 150, 200]
  const samples = { engine: 'inspector' as const, samples: atMs.map((at) => ({ atMs: at, frames })), missed: 0 }
  const [first] = diagnose(evidence([{ threads: [stack] }, { threads: [stack] }], { samples }))
  expect(first).toMatchObject({ kind: 'computing', cause: 'regexp', where: { function: 'check', line: 9 } })
})

test('names a regular expression by the profiler, with inspector samples only', () => {
  const frames = [{ ...frame('check', 9), tier: null }, poll]
  const samples = { engine: 'inspector' as const, samples: [0, 50, 100].map((atMs) => ({ atMs, frames })), missed: 0 }
  const profile = {
    artifact: 'main.cpuprofile',
    durationMs: 1_000,
    samples: 900,
    hot: [{ function: 'RegExp: ^(a+)+$', file: '', line: 0, share: 0.98 }],
    gcShare: 0,
    idleShare: 0,
    programShare: 0,
  }
  const kernel = kernelLook({ threads: [kernelThread({ kernelState: 'R', syscall: 'running' })] })
  const main = mainStack({ engine: 'kernel', syscall: 'running' })
  const [first] = diagnose(evidence([{ kernel, threads: [main] }], { samples, profile, stall: silence() }))
  expect(first).toMatchObject({ kind: 'computing', cause: 'regexp', where: { function: 'check', line: 9 } })
})

test('names the child that execSync waits for', () => {
  const frames = [
    frame('spawnSync', 100, 'node:internal/child_process'),
    frame('execSync', 900, 'node:child_process'),
    frame('convert', 14),
    poll,
  ]
  const main = mainStack({
    state: 'sleeping',
    frames,
    syscall: { name: 'epoll_pwait', number: 281, args: [] },
    wchan: 'do_epoll_wait',
  })
  const kernel = kernelLook({
    threads: [kernelThread()],
    children: [{ pid: 77, kernelState: 'S', command: 'sleep 1000', ageMs: 9_000, wchan: 'hrtimer_nanosleep' }],
  })
  const [first] = diagnose(
    evidence([
      { kernel, threads: [main] },
      { kernel, threads: [main] },
    ]),
  )
  expect(first).toMatchObject({
    kind: 'blocked-in-native',
    cause: 'child-process',
    confidence: 'high',
    where: { function: 'convert', line: 14 },
  })
  expect(first?.summary).toContain('pid 77 (sleep 1000)')
})

test('says blocked-in-native/unknown, never high, when only a system call is known', () => {
  const main = mainStack({
    state: 'sleeping',
    frames: [frame('call', 5)],
    syscall: { name: 'ioctl', number: 16, args: [] },
  })
  const [first] = diagnose(evidence([{ threads: [main] }, { threads: [main] }], { stall: silence() }))
  expect(first).toMatchObject({ kind: 'blocked-in-native', cause: 'unknown', confidence: 'medium' })
})

test('says awaiting/unknown when the loop is idle, a clock is silent and no awaits could be read', () => {
  const [first] = diagnose(evidence([{ threads: [idleMain()] }, { threads: [idleMain()] }], { stall: silence() }))
  expect(first).toMatchObject({ kind: 'awaiting', cause: 'unknown', confidence: 'medium', where: null })
})

test('does not say beating of an idle loop whose awaits and clocks nobody read', () => {
  const [first] = diagnose(evidence([{ threads: [idleMain()] }]))
  expect(first?.kind).toBe('unknown')
})

test('says beating when the clocks move', () => {
  const [first] = diagnose(evidence([{ threads: [idleMain()], clocks: [clock()] }]))
  expect(first).toMatchObject({ kind: 'beating', cause: null, where: null })
})

test('says unknown, with what was seen and what was missing, when nothing fits', () => {
  const missing = [{ what: 'stacks', why: 'ERR_STALL_PERMISSION' as const, message: 'refused' }]
  const [first, ...others] = diagnose(evidence([{}], { missing }))
  expect(first).toMatchObject({ kind: 'unknown', cause: null, confidence: 'low' })
  expect(first?.summary).toContain('stacks')
  expect(others).toEqual([])
})
