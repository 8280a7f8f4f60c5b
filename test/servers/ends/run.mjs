// Workers that nobody prepared, wedged under `conductor-diag run`: one incident, exit code 70, restarted. As a table.
//
//   npm run ends                   every worker, wedge and Node; writes the table of docs/run.md
//   npm run ends -- --short        every worker on every Node, with the wedges in turn; writes nothing
//   npm run ends -- --node 20,24 --only Express --at-a-time 3
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { install } from '../../sdk/wedges/prepare.mjs'
import { cellsOf } from './cells.mjs'
import { runCell } from './run-cell.mjs'
import { judge, pageTable, rowOf } from './table.mjs'

const PAGE = path.resolve(import.meta.dirname, '../../../docs/run.md')
const SECTION = /(<!-- ends:[^>]*-->)[^]*?(<!-- \/ends -->)/

const { values } = parseArgs({
  options: {
    short: { type: 'boolean', default: false },
    node: { type: 'string' },
    only: { type: 'string' },
    'at-a-time': { type: 'string', default: '3' },
  },
})
const cells = cellsOf(values)
for (const folder of ['nodes', 'servers', 'sdk/conductor-2.4.1']) install(folder)

const results = []
const next = cells.values()
async function lane() {
  for (const cell of next) {
    const came = await runCell(cell).catch((error) => ({ ...cell, error: String(error) }))
    const result = { ...came, judged: judge(came) }
    results.push(result)
    console.log(rowOf(result))
    if (result.judged !== 'ok') console.log(result.log ?? '')
  }
}
await Promise.all(Array.from({ length: Number(values['at-a-time']) }, lane))

const right = results.filter(({ judged }) => judged === 'ok')
console.log(`${right.length} of ${results.length} right`)
const isWhole = !values.short && values.node === undefined && values.only === undefined
if (isWhole) {
  const text = readFileSync(PAGE, 'utf8')
  writeFileSync(
    PAGE,
    text.replace(SECTION, (_all, head, tail) => `${head}\n${pageTable(results)}\n${tail}`),
  )
}
process.exitCode = right.length === results.length && results.length > 0 ? 0 : 1
