/** A package's own loops that wake by timers are no progress of a task of the application's that stands. */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { NODES, PROGRAMS, PROJECT_ROOT, type NodeBinary } from '../support/nodes.js'
import { HAS_POSTGRES, startPostgres, type Postgres } from '../support/postgres.js'
import { verdictsOfProgram } from '../support/verdicts.js'

const FOLDER = path.join(PROJECT_ROOT, 'test/queues')
const PROGRAM = path.join(PROGRAMS, 'package-polls.cjs')
const LINE =
  readFileSync(PROGRAM, 'utf8')
    .split('\n')
    .findIndex((line) => line.includes('// @stop')) + 1

describe.skipIf(!HAS_POSTGRES)('a task beside the loops of the package that runs it', () => {
  let postgres: Postgres
  beforeAll(async () => {
    postgres = await startPostgres()
  })
  afterAll(async () => {
    await postgres.stop()
  })

  const verdictsOf = (node: NodeBinary, kind: string) => verdictsOfProgram(node, PROGRAM, [FOLDER, postgres.url, kind])

  describe.each(NODES)('on Node $major', (node) => {
    it('that waits for the package to stop, which waits for it, is not beating', async () => {
      const verdicts = await verdictsOf(node, 'stop')
      expect(verdicts.map(({ kind }) => kind)).not.toContain('beating')
      expect(verdicts.filter(({ cause }) => cause === 'never-settles')).toEqual([])
      expect(verdicts[0]?.summary).toContain(`drain (package-polls.cjs:${LINE})`)
    })

    it('that gets on is no stall', async () => {
      const [first] = await verdictsOf(node, 'works')
      // Where a look comes while it runs, or a collection falls between the looks, nothing can be proved.
      expect(['beating', 'idle']).toContain(first?.kind)
      expect(first?.summary).not.toContain('drain')
    })
  })
})
