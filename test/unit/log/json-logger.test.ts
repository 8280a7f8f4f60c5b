import { expect, test } from 'vitest'
import { createJsonLogger } from '../../../src/log/json-logger.js'
import { combineSinks, createMemorySink, type LineSink } from '../../../src/log/line-sink.js'
import type { Logger } from '../../../src/log/logger.js'
import { createPinoLogger } from '../../../src/log/pino-logger.js'
import { StallError } from '../../../src/model/stall-error.js'

const MAKERS = { json: createJsonLogger, pino: createPinoLogger } as const
type Line = Record<string, unknown>

function linesOf(make: typeof createJsonLogger, act: (logger: Logger) => void): Line[] {
  const sink = createMemorySink()
  act(make(sink, { level: 'info', name: 'conductor-stall-agent', bindings: { part: 'watch' } }))
  return sink
    .text()
    .trim()
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Line)
}

function actAll(logger: Logger): void {
  logger.debug('not shown')
  logger.info('plain')
  logger.warn('with fields', { clock: 'invoices', ageMs: 12.5 })
  logger.error('failed', { err: new StallError('ERR_STALL_TIMEOUT', 'late', { help: 'wait' }) })
}

test('writes the same fields as pino does', () => {
  const [own, pinos] = [linesOf(createJsonLogger, actAll), linesOf(createPinoLogger, actAll)]
  const bare = (line: Line) => {
    const { time, err, ...rest } = line
    const { stack, ...error } = (err ?? {}) as Line
    return { ...rest, time: typeof time, stack: typeof stack, error }
  }
  expect(own).toHaveLength(3)
  expect(own.map(bare)).toMatchObject(pinos.map(bare))
  expect(own[2]).toMatchObject({ level: 50, err: { message: 'late', code: 'ERR_STALL_TIMEOUT', help: 'wait' } })
})

test.each(Object.keys(MAKERS) as (keyof typeof MAKERS)[])(
  'survives circles, bigints and getters that throw (%s)',
  (name) => {
    const circle: Record<string, unknown> = {}
    circle['self'] = circle
    const lines = linesOf(MAKERS[name], (logger) => {
      logger.info('circle', { circle })
      logger.info('bigint', { big: 1n })
      logger.info('getter', {
        evil: {
          get bad(): string {
            throw new Error('no')
          },
        },
      })
    })
    expect(lines.map((line) => line['msg'])).toEqual(['circle', 'bigint', 'getter'])
  },
)

test('leaves out fields that would make a line too long, and says so', () => {
  const [line] = linesOf(createJsonLogger, (logger) => logger.info('much', { text: 'x'.repeat(100_000) }))
  expect(line).toMatchObject({ msg: 'much', fieldsOmitted: 'too long' })
})

test.each(Object.keys(MAKERS) as (keyof typeof MAKERS)[])('tells once how many lines were dropped (%s)', (name) => {
  const memory = createMemorySink()
  let full = true
  let dropped = 0
  const sink: LineSink = {
    write: (line) => {
      if (!full) return memory.write(line)
      dropped += 1
      return false
    },
    get dropped() {
      return dropped
    },
    unavailable: null,
    dispose: () => undefined,
  }
  const logger = MAKERS[name](sink, { level: 'info' })
  for (let i = 0; i < 3; i += 1) logger.info('lost')
  full = false
  logger.info('kept')
  logger.info('kept too')
  const messages = memory
    .text()
    .trim()
    .split('\n')
    .map((line) => (JSON.parse(line) as Line)['msg'])
  expect(messages.filter((m) => /dropped/.test(String(m)))).toHaveLength(1)
  expect(messages.slice(-2)).toEqual(['kept', 'kept too'])
})

test('silent writes nothing', () => {
  const sink = createMemorySink()
  for (const make of Object.values(MAKERS)) make(sink, { level: 'silent' }).error('no')
  expect(sink.text()).toBe('')
})

test('a memory sink keeps the newest lines within its bound', () => {
  const sink = createMemorySink(100)
  for (let i = 0; i < 50; i += 1) sink.write(`line ${i}\n`)
  expect(Buffer.byteLength(sink.text())).toBeLessThanOrEqual(100)
  expect(sink.text().endsWith('line 49\n')).toBe(true)
  expect(sink.dropped).toBeGreaterThan(30)
})

test('combined sinks are unavailable only when all are', () => {
  const broken: LineSink = { write: () => false, dropped: 0, unavailable: 'closed', dispose: () => undefined }
  expect(combineSinks(broken, createMemorySink()).unavailable).toBeNull()
  expect(combineSinks(broken, broken).unavailable).toBe('closed')
})
