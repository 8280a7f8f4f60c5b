// `npm run scenarios`: wedges real programs in every way of the catalogue and compares what is said of them.
//
//   --only NAME[,NAME]   --node 20[,26]   --side outside|inside   --variant a,b|spread   --jobs N   --greedy N
//   --list    what would run, and about how long it takes
//   --from FILE[,FILE]   joins the results of earlier runs (--json); of the same trial the last file counts
//   --missing            with --from: runs what those files don't have, instead of nothing
//   --json FILE   all results, after every trial      --write   writes docs/scenarios.md
//   --keep DIR    evidence of wrong answers           --install   builds native addons (minutes), and runs nothing
//
// `spread` takes each scenario once on each Node line, the variants in turns. Ends with 1 when any answer is wrong.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { installAddons } from './support/addons.mjs'
import { SCENARIOS } from './support/catalogue.mjs'
import { lineOf, toMarkdown, toText, totals } from './support/table.mjs'
import { nodeBinary, ROOT, runTrial } from './support/trial.mjs'
import { VARIANTS } from './support/variants.mjs'

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    node: { type: 'string', default: '20,22,24,26' },
    side: { type: 'string', default: 'outside,inside' },
    variant: { type: 'string', default: VARIANTS.join(',') },
    jobs: { type: 'string', default: '3' },
    greedy: { type: 'string', default: '1' },
    list: { type: 'boolean', default: false },
    from: { type: 'string' },
    missing: { type: 'boolean', default: false },
    install: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
    json: { type: 'string' },
    keep: { type: 'string' },
  },
})

const list = (text) => text.split(',').filter(Boolean)
if (values.install) {
  installAddons(list(values.node), (major) => path.dirname(path.dirname(nodeBinary(major))))
  process.exit()
}
const wanted = values.only === undefined ? null : list(values.only)
const scenarios = SCENARIOS.filter(
  (each) => wanted === null || wanted.some((name) => each.name === name || each.name.startsWith(`${name}-`)),
)
if (scenarios.length === 0) {
  console.error(`no such scenario; there are: ${SCENARIOS.map((each) => each.name).join(' ')}`)
  process.exit(64)
}

const majors = list(values.node).map(Number)
const keyOf = ({ scenario, node, side, variant }) => [scenario, node, side, variant].join('|')
const results = new Map()
for (const file of list(values.from ?? '')) {
  for (const result of JSON.parse(readFileSync(file, 'utf8'))) results.set(keyOf(result), result)
}

function variantsFor(place, major) {
  if (values.variant !== 'spread') return list(values.variant)
  return [VARIANTS[(place + majors.indexOf(major)) % VARIANTS.length]]
}

const trials = scenarios
  .flatMap((scenario, place) =>
    list(values.side)
      .filter((side) => scenario.sides.includes(side))
      .flatMap((side) =>
        majors.flatMap((major) =>
          variantsFor(place, major).map((variant) => ({ scenario, major, side, variant, keep: values.keep })),
        ),
      ),
  )
  .filter(({ scenario, major, side, variant }) => {
    if (values.from === undefined) return true
    return values.missing && !results.has(keyOf({ scenario: scenario.name, node: major, side, variant }))
  })

/** Some want the machine for themselves: they run after the others, one by one. */
const isGreedy = ({ scenario }) =>
  /^(?:computing|collecting|starv|paging|blocked-(?:crypto|zlib)|control-busy)/.test(scenario.name)
const quiet = trials.filter((trial) => !isGreedy(trial))
const greedy = trials.filter(isGreedy)

/** Measured on two idle cores: a start, a wedge, what the scenario waits for, and a look. */
function estimate() {
  const each = ({ scenario, side }) =>
    side === 'outside' ? 5_000 + scenario.settleMs : scenario.control ? 10_000 : 13_000
  const sum = (some, jobs) => some.reduce((total, trial) => total + each(trial), 0) / Number(jobs)
  return Math.ceil((sum(quiet, values.jobs) + sum(greedy, values.greedy)) / 60_000)
}

if (values.list) {
  for (const { scenario, major, side, variant } of trials) console.log(scenario.name, major, side, variant)
  console.log(`\n${trials.length} trials, about ${estimate()} minutes on a machine with nothing else to do`)
  process.exit()
}

function inOrder() {
  const order = new Map(SCENARIOS.map((scenario, index) => [scenario.name, index]))
  // A scenario that was renamed since is nobody's any more.
  const known = [...results.values()].filter((result) => order.has(result.scenario))
  return known.toSorted(
    (a, b) =>
      order.get(a.scenario) - order.get(b.scenario) ||
      b.side.localeCompare(a.side) ||
      a.node - b.node ||
      a.variant.localeCompare(b.variant),
  )
}

async function work(queue) {
  for (let trial = queue.shift(); trial !== undefined; trial = queue.shift()) {
    const startedAt = performance.now()
    const result = { ...(await runTrial(trial)), wallMs: Math.round(performance.now() - startedAt) }
    results.set(keyOf(result), result)
    console.log(lineOf(result))
    // Whatever ends this run, what it has found can be joined to the next.
    if (values.json !== undefined) writeFileSync(values.json, JSON.stringify(inOrder(), null, 2))
  }
}
const workers = (count, queue) => Promise.all(Array.from({ length: Number(count) }, () => work(queue)))
await workers(values.jobs, quiet)
await workers(values.greedy, greedy)

const all = inOrder()
const { right, wrong, skipped } = totals(all)
console.log(`\n${toText(all)}\n${right} right, ${wrong} wrong, ${skipped} skipped`)
for (const result of all.filter((each) => each.status === 'wrong')) console.log(lineOf(result))
if (values.json !== undefined) writeFileSync(values.json, JSON.stringify(all, null, 2))
if (values.write) {
  const { version } = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8'))
  mkdirSync(path.join(ROOT, 'docs'), { recursive: true })
  writeFileSync(
    path.join(ROOT, 'docs/scenarios.md'),
    toMarkdown(all, { date: new Date().toISOString().slice(0, 10), version, cpus: os.cpus().length }),
  )
}
process.exitCode = wrong > 0 ? 1 : 0
