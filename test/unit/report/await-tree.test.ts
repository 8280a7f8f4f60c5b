import { describe, expect, it } from 'vitest'
import { sayWaits } from '../../../src/report/wait/wait-words.js'
import { buildAwaitTree, type SuspendedFunction } from '../../../src/model/await-grouping.js'
import { awaitTreeLines } from '../../../src/report/await-tree.js'
import { painter } from '../../../src/report/terminal.js'

function suspended(name: string, line: number, more: Partial<SuspendedFunction> = {}): SuspendedFunction {
  return {
    function: name,
    file: '/srv/worker/src/worker.js',
    line,
    column: 3,
    kind: 'async function',
    awaiters: [],
    awaitsListed: false,
    waitsFor: null,
    ...more,
  }
}

function render(functions: readonly SuspendedFunction[]): string {
  const tree = buildAwaitTree(functions, { engine: 'memory', pausedMs: 0, notes: [] })
  return awaitTreeLines(sayWaits(tree), '/srv/worker', painter(false)).join('\n')
}

describe('awaitTreeLines', () => {
  it('says the cause first, folds what is inside node, and draws the way down', () => {
    const inner = { file: 'node:internal/streams/readable', awaitsListed: true }
    const text = render([
      suspended('pollLoop', 10, { awaitsListed: true }),
      suspended('poll', 20, { awaiters: [0], awaitsListed: true }),
      suspended('outerInner', 1, { ...inner, awaiters: [1] }),
      suspended('middleInner', 2, { ...inner, awaiters: [2] }),
      suspended('createAsyncIterator', 3, {
        ...inner,
        awaitsListed: false,
        awaiters: [3],
        waitsFor: { kind: 'socket', fd: 21, parts: [{ name: 'Socket', slot: '._events', role: 'object' }] },
      }),
    ])
    expect(text).toBe(
      [
        '  waits for socket, fd 21',
        '      through Socket._events',
        '    at createAsyncIterator (node:internal/streams/readable:3:3)',
        '       ... 2 more inside node',
        '    <- poll (src/worker.js:20:3)',
        '    <- pollLoop (src/worker.js:10:3)',
        '',
        '  from the outermost awaiter down',
        '  pollLoop (src/worker.js:10:3)',
        '  └─ poll (src/worker.js:20:3)',
        '     └─ createAsyncIterator (node:internal/streams/readable:3:3)  [socket, fd 21]',
      ].join('\n'),
    )
  })

  it('shows a thousand alike as one line', () => {
    const list = [suspended('poll', 1, { awaitsListed: true })]
    for (let i = 0; i < 1_000; i++) {
      list.push(suspended('task', 9, { awaiters: [0], waitsFor: { kind: 'lock', owner: 'Semaphore.queue' } }))
    }
    expect(render(list)).toContain(
      '  1000 x waits for Semaphore.queue, a queue of user code\n    at task (src/worker.js:9:3)\n    <- poll',
    )
  })

  it('leaves out remains in freed memory, and says so', () => {
    const text = render([suspended('dead', 5, { doubtful: true, waitsFor: { kind: 'nothing' } })])
    expect(text).toContain('1 remains in freed memory left out')
    expect(text.split('\n')[0]).not.toContain('dead')
  })
})
