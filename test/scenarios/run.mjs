// `npm run scenarios`: wedges real programs in every way of the catalogue and compares what is said of them.
//
//   --only NAME[,NAME]   --node 20[,26]   --side outside|inside   --variant a|b   --jobs N
//   --from FILE[,FILE]   takes the results of earlier runs (--json) instead of running
//   --write   writes docs/scenarios.md         --json FILE   all results     --keep DIR   evidence of wrong answers
// Ends with 1 when any answer is wrong.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { SCENARIOS } from './support/catalogue.mjs'
import { lineOf, toMarkdown, totals } from './support/table.mjs'
import { ROOT, runTrial } from './support/trial.mjs'
import { VARIANTS } from './support/variants.mjs'

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    node: { type: 'string', default: '20,22,24,26' },
    side: { type: 'string', default: 'outside,inside' },
    variant: { type: 'string', default: VARIANTS.join(',') },
    jobs: { type: 'string', default: '4' },
    write: { type: 'boolean', default: false },
    json: { type: 'string' },
    from: { type: 'string' },
    keep: { type: 'string' },
  },
})

const list = (text) => text.split(',').filter(Boolean)
const wanted = values.only === undefined ? null : list(values.only)
const scenarios = SCENARIOS.filter(
  (each) => wanted === null || wanted.some((name) => each.name === name || each.name.startsWith(`${name}-`)),
)
if (scenarios.length === 0) {
  console.error(`no such scenario; there are: ${SCENARIOS.map((each) => each.name).join(' ')}`)
  process.exit(64)
}

const trials = scenarios.flatMap((scenario) =>
  list(values.side)
    .filter((side) => scenario.sides.includes(side))
    .flatMap((side) =>
      list(values.node).flatMap((major) =>
        list(values.variant).map((variant) => ({ scenario, major: Number(major), side, variant, keep: values.keep })),
      ),
    ),
)

/** Some want the machine for themselves: they run after the others, one by one. */
const isGreedy = ({ scenario }) =>
  /^(?:computing|collecting|starv|blocked-(?:crypto|zlib)|control-busy)/.test(scenario.name)

const results = []
async function work(queue) {
  for (let trial = queue.shift(); trial !== undefined; trial = queue.shift()) {
    const result = await runTrial(trial)
    results.push(result)
    console.log(lineOf(result))
  }
}
if (values.from === undefined) {
  const quiet = trials.filter((trial) => !isGreedy(trial))
  await Promise.all(Array.from({ length: Number(values.jobs) }, () => work(quiet)))
  await work(trials.filter(isGreedy))
} else for (const file of list(values.from)) results.push(...JSON.parse(readFileSync(file, 'utf8')))

const order = new Map(SCENARIOS.map((scenario, index) => [scenario.name, index]))
results.sort((a, b) => order.get(a.scenario) - order.get(b.scenario) || a.side.localeCompare(b.side) || a.node - b.node)
const { right, wrong, skipped } = totals(results)
console.log(`\n${right} right, ${wrong} wrong, ${skipped} skipped`)
for (const result of results.filter((each) => each.status === 'wrong')) console.log(lineOf(result))
if (values.json !== undefined) writeFileSync(values.json, JSON.stringify(results, null, 2))
if (values.write) {
  const { version } = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8'))
  mkdirSync(path.join(ROOT, 'docs'), { recursive: true })
  writeFileSync(
    path.join(ROOT, 'docs/scenarios.md'),
    toMarkdown(results, {
      date: new Date().toISOString().slice(0, 10),
      version,
      cpus: os.cpus().length,
      load: os.loadavg()[0].toFixed(1),
    }),
  )
}
process.exitCode = wrong > 0 ? 1 : 0
