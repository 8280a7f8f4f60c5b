// Every wedge on every line of Conductor's SDK, under the supervisor, as a table.
//
//   node test/sdk/wedges/run.mjs [--sdk 2.4.1,4.0.0] [--wedge TEXT] [--node 20,24] [--kind cjs,mjs,bundle,wire] [--all]
//                                [--docs] [--at-a-time N]
//
// Without --all each line and wedge runs once, on the Nodes and module systems in turn; with it, on all of them. --docs
// writes docs/internals/conductor-wedges.md.
import { rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { cellsOf } from './cells.mjs'
import { prepare } from './prepare.mjs'
import { runCell } from './run-cell.mjs'
import { HEAD, judge, pageOf, rowOf } from './table.mjs'

const PAGE = path.resolve(import.meta.dirname, '../../../docs/internals/conductor-wedges.md')

const { values } = parseArgs({
  options: {
    sdk: { type: 'string' },
    wedge: { type: 'string' },
    node: { type: 'string' },
    kind: { type: 'string' },
    all: { type: 'boolean', default: false },
    docs: { type: 'boolean', default: false },
    'at-a-time': { type: 'string', default: '2' },
  },
})

const { folder, cells } = await prepare(cellsOf(values))
const results = []
const next = cells.values()
async function lane() {
  for (const cell of next) {
    const result = await runCell(cell).catch((error) => ({ ...cell, error: String(error) }))
    result.judged = judge(result)
    results.push(result)
    console.log(rowOf(result))
  }
}
console.log(HEAD)
await Promise.all(Array.from({ length: Number(values['at-a-time']) }, lane))
rmSync(folder, { recursive: true, force: true })
const wrong = results.filter((result) => result.judged !== 'ok')
console.log(`\n${results.length - wrong.length} of ${results.length} right`)
if (values.docs) writeFileSync(PAGE, pageOf(results, cells))
process.exitCode = wrong.length === 0 && results.length > 0 ? 0 : 1
