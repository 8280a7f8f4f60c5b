/** What a promise's way leads through when garbage holds it as well: entries that a queue has long thrown away. */
import { describe, it } from 'vitest'
import { NODES } from '../support/nodes.js'
import { expectTold, type Expected } from '../support/told-of-functions.js'

const WAITS: Expected = [
  [
    'inQueue',
    'not-connected',
    /kept in Chooser\.waitQueue until there is a connection that is ready \(state: connecting\)/,
  ],
  ['inTable', 'unknown', /an entry of module\{registry\} > Map\.get\(\d+\) > Object\.waiter > Object\.resolve/],
  ['dropped', 'never-settles', /waits for a promise that nothing alive can settle/],
]

describe.each(NODES)('on Node $version', (node) => {
  it('garbage beside the one that lives hides nothing, and alone settles nothing', async () => {
    await expectTold(node, 'requeued.cjs', WAITS)
  })
})
