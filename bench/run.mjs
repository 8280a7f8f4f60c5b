// Runs every bench/*.bench.mjs and prints what each measured. usage: npm run bench [-- NAME...] [--json] [--quick] [--docs]
// A bench exports `title` and `run({ quick, progress })`, which gives rows: { what, value, unit, aim?, ok?, note? }.
// --docs puts them into the tables of docs/performance.md too.
import { readdirSync } from 'node:fs'
import os from 'node:os'
import { parseArgs } from 'node:util'
import { intoPage } from './page.mjs'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    docs: { type: 'boolean', default: false },
  },
})

// It makes Node 20 start in 60-80 ms instead of 24.
delete process.env.NODE_EXTRA_CA_CERTS
delete process.env.NODE_OPTIONS

const wanted = (name) => positionals.length === 0 || positionals.some((part) => name.includes(part))
const files = readdirSync(import.meta.dirname)
  .filter((name) => name.endsWith('.bench.mjs') && wanted(name))
  .sort()
const results = []
for (const file of files) {
  const { title, run } = await import(`./${file}`)
  const progress = (text) => process.stderr.isTTY && process.stderr.write(`\r\u001b[K${title}: ${text}`)
  const rows = await run({ quick: values.quick, progress })
  if (process.stderr.isTTY) process.stderr.write('\r\u001b[K')
  results.push({ bench: file, title, rows })
  if (!values.json) print(title, rows)
}
if (values.docs) intoPage(results, { quick: values.quick })
const machine = { node: process.version, cpus: os.cpus().length, load: os.loadavg()[0] }
if (values.json) process.stdout.write(`${JSON.stringify({ machine, results }, null, 1)}\n`)
else process.stdout.write(`Node ${machine.node}, ${machine.cpus} CPUs, load ${machine.load.toFixed(1)}\n`)

function print(title, rows) {
  process.stdout.write(`${title}\n`)
  const width = Math.max(...rows.map((row) => row.what.length))
  for (const { what, value, unit, aim, ok, note } of rows) {
    const verdict = ok === undefined ? '' : ok ? '  ok' : '  MISSED'
    const goal = aim === undefined ? '' : `  (aim: ${aim})`
    process.stdout.write(`  ${what.padEnd(width)}  ${value} ${unit}${goal}${verdict}${note ? `  ${note}` : ''}\n`)
  }
  process.stdout.write('\n')
}
