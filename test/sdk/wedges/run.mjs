// Every wedge on every line of Conductor's SDK, under the supervisor, as a table.
//
//   node test/sdk/wedges/run.mjs [--sdk 2.4.1,4.0.0] [--wedge TEXT] [--node 20,24] [--kind cjs,mjs,bundle,wire] [--all]
//                                [--docs] [--at-a-time N] [--kept FILE [--docs-only]]
//
// Without --all each line and wedge runs once, on the Nodes and module systems in turn; with it, on all of them. --docs
// writes docs/internals/conductor-wedges.md. --kept: what came of each cell goes into this file, and a cell that is there
// already is not run again, so that a long table can be made in several sittings; --docs-only runs none.
import { appendFileSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
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
    kept: { type: 'string' },
    'docs-only': { type: 'boolean', default: false },
    'at-a-time': { type: 'string', default: '2' },
  },
})

const nameOf = ({ name, sdk, kind, node }) => [name, sdk, kind, node].join(' / ')

function keptResults() {
  if (values.kept === undefined || !existsSync(values.kept)) return new Map()
  const lines = readFileSync(values.kept, 'utf8').split('\n').filter(Boolean)
  return new Map(lines.map((line) => JSON.parse(line)).map((result) => [nameOf(result), result]))
}

const wanted = cellsOf(values)
const kept = keptResults()
const results = wanted.flatMap((cell) => kept.get(nameOf(cell)) ?? [])
const { folder, cells } = await prepare(
  values['docs-only'] ? [] : wanted.filter((cell) => !kept.has(nameOf(cell))),
)
const next = cells.values()
async function lane() {
  for (const cell of next) {
    const came = await runCell(cell).catch((error) => ({ ...cell, error: String(error) }))
    const { wedge: _wedge, program: _program, ...result } = { ...came, judged: judge(came) }
    results.push(result)
    console.log(rowOf(result))
    if (values.kept !== undefined) appendFileSync(values.kept, `${JSON.stringify(result)}\n`)
  }
}
console.log(HEAD)
await Promise.all(Array.from({ length: Number(values['at-a-time']) }, lane))
rmSync(folder, { recursive: true, force: true })
const wrong = results.filter((result) => result.judged !== 'ok')
console.log(`\n${results.length - wrong.length} of ${results.length} right`)
if (values.docs || values['docs-only']) writeFileSync(PAGE, pageOf(results, wanted))
process.exitCode = wrong.length === 0 && results.length > 0 ? 0 : 1
