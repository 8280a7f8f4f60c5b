import { describe, expect, it } from 'vitest'
import { isRequestedHere } from '../../../src/agent/main-thread/explicit-request.js'
import { describeStall, sayIncident } from '../../../src/agent/watch-thread/incident-line.js'
import type { CaptureAnswer } from '../../../src/agent/shared/messages.js'
import { isCuredByRestart, isSomebodyLooking } from '../../../src/agent/watch-thread/restart-cure.js'
import { workerEnvironment } from '../../../src/agent/shared/worker-environment.js'
import type { Logger } from '../../../src/log/logger.js'
import type { Stall } from '../../../src/model/stall.js'

function answer(...verdicts: string[]): CaptureAnswer {
  return { incident: '01X', bundlePath: '/b/01X', verdict: null, verdicts, problem: null }
}

function recording(said: string[]): Logger {
  const say = (line: string): void => void said.push(line)
  return { debug: say, info: say, warn: say, error: say }
}

function stall(change: Partial<Stall>): Stall {
  return {
    trigger: 'loop-silence',
    level: 'warn',
    clock: 'a',
    ageMs: 1234,
    thresholdMs: 1000,
    noticedAt: 0,
    clocks: [],
    ...change,
  }
}

describe('a poller that gets no answers is ended only where a restart is the cure', () => {
  it.each([
    ['awaiting/slots-exhausted', true],
    ['ended/exception', true],
    ['awaiting/http-response', false],
    ['awaiting/socket-unacknowledged', false],
    ['beating', false],
    ['unknown', false],
  ])('%s', (verdict, expected) => {
    expect(isCuredByRestart(answer(verdict))).toBe(expected)
  })

  it.each([
    ['high', true],
    ['medium', false],
    ['low', false],
  ])('for a dead connection only when it is sure (%s)', (confidence, expected) => {
    const name = 'awaiting/connection-reused-dead'
    const verdict = { name, confidence, summary: '', place: null }
    expect(isCuredByRestart({ ...answer(name), verdict })).toBe(expected)
  })

  it('not for a verdict that is only second, and not without one', () => {
    expect(isCuredByRestart(answer('awaiting/http-response', 'awaiting/slots-exhausted'))).toBe(false)
    expect(isCuredByRestart(answer())).toBe(false)
    expect(isCuredByRestart(null)).toBe(false)
  })

  it('and nobody is ended under a debugger', () => {
    expect(isSomebodyLooking(answer('paused-by-debugger'))).toBe(true)
    expect(isSomebodyLooking(answer('computing/loop'))).toBe(false)
    expect(isSomebodyLooking(null)).toBe(false)
  })
})

describe('whether the agent is asked for in this very process', () => {
  const root = '/srv/app/node_modules/conductor-stall-agent'

  it.each([
    ['by --require', ['--require', 'conductor-stall-agent'], undefined, true],
    ['by `run`, behind npm', [], '--require conductor-stall-agent', true, '/srv/app/worker.js', '1-2'],
    [
      'by `run`, but npm itself',
      [],
      '--require conductor-stall-agent',
      false,
      '/usr/lib/node_modules/npm/bin/npm-cli.js',
      '1-2',
    ],
    [
      'by `run`, but tsx itself',
      [],
      '--require conductor-stall-agent',
      false,
      '/srv/app/node_modules/tsx/dist/cli.mjs',
      '1-2',
    ],
    ['by --import of a file', ['--import', `${root}/dist/register.js`], undefined, true],
    ['by a flag and NODE_OPTIONS', ['-r', 'conductor-stall-agent'], '--require conductor-stall-agent', true],
    ['by code', [], '--enable-source-maps', true],
    ['by NODE_OPTIONS alone', [], '--require conductor-stall-agent', false],
    ['by NODE_OPTIONS alone, as a path', ['--inspect'], `--require=${root}/dist/index.js`, false],
  ] as [string, string[], string | undefined, boolean, string?, string?][])(
    '%s',
    (_title, execArgv, nodeOptions, expected, script, run) => {
      expect(isRequestedHere({ execArgv, script, nodeOptions, run }, root)).toBe(expected)
    },
  )
})

it("keeps NODE_OPTIONS from the agent's threads, and leaves the process's own alone", () => {
  const env = { NODE_OPTIONS: '--require conductor-stall-agent', A: '1' }
  expect(workerEnvironment(env)).toEqual({ A: '1' })
  expect(env.NODE_OPTIONS).toBe('--require conductor-stall-agent')
})

describe('the line of an incident', () => {
  it.each([
    [stall({}), 'a is silent for 1.2 s'],
    [stall({ trigger: 'event-loop', clock: 'event-loop' }), 'the event loop has not turned for 1.2 s'],
    [stall({ trigger: 'poll-success' }), 'a got no answer for 1.2 s'],
    [stall({ trigger: 'ended' }), 'the loop of a is gone'],
    [stall({ trigger: 'manual', clock: null, reason: 'why not' }), 'captured on request (why not)'],
  ])('$trigger', (of, expected) => {
    expect(describeStall(of)).toBe(expected)
  })

  it('tells verdict, place and bundle', () => {
    const said: string[] = []
    const verdict = { name: 'computing/regexp', confidence: 'high', summary: 'It backtracks.', place: 'f (/w.js:1:2)' }
    sayIncident(recording(said), stall({}), { ...answer(), verdict })
    expect(said).toEqual(['a is silent for 1.2 s: computing/regexp at f (/w.js:1:2), /b/01X'])
  })

  it('is an error only where the process is to be ended, and nothing to worry about when it was asked for', () => {
    const levels: string[] = []
    const note = (level: string) => (): void => void levels.push(level)
    const logger = { debug: note('debug'), info: note('info'), warn: note('warn'), error: note('error') }
    sayIncident(logger, stall({}), answer())
    sayIncident(logger, stall({ level: 'stall' }), answer())
    sayIncident(logger, stall({ trigger: 'manual', clock: null }), answer())
    expect(levels).toEqual(['warn', 'error', 'info'])
  })

  it('says why there is no evidence', () => {
    const said: string[] = []
    const problem = { code: 'ERR_STALL_TIMEOUT', message: 'the capture hung', help: '' } as const
    const nothing = { ...answer(), bundlePath: null, incident: null, problem }
    sayIncident(recording(said), stall({}), nothing)
    expect(said).toEqual(['a is silent for 1.2 s: no evidence: the capture hung (ERR_STALL_TIMEOUT), no bundle'])
  })
})
