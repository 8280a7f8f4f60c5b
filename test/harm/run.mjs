// A process with the agent and without: the same end, the same bytes on stdout and stderr, the same time to exit.
//
//   npm run harm                        all cases on Node 20, 22, 24 and 26, as a table
//   npm run harm -- --node 20 --only 'SIGTERM, no handler' --rounds 1
import path from 'node:path'
import { parseArgs } from 'node:util'
import { CASES } from './cases.mjs'
import { FRAMEWORKS, installFrameworks } from './frameworks.mjs'
import { differences, runCase } from './run-case.mjs'

const ROOT = path.resolve(import.meta.dirname, '../..')
const { values } = parseArgs({
  options: {
    node: { type: 'string', default: '20,22,24,26' },
    only: { type: 'string', multiple: true },
    rounds: { type: 'string', default: '3' },
  },
})
const majors = values.node.split(',').map(Number)
const rounds = Number(values.rounds)
const binary = (major) => path.join(ROOT, `test/nodes/node_modules/node${major}/bin/node`)
const median = (list) => list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)]
const cases = [...CASES, ...FRAMEWORKS].filter(
  ({ name }) => !values.only || values.only.some((part) => name.includes(part)),
)

if (cases.some((one) => FRAMEWORKS.includes(one))) installFrameworks()

/** Bare and watched take turns, so that what disturbs one disturbs both. */
async function compare(one, major) {
  const runs = { bare: [], watched: [] }
  for (let round = 0; round < rounds; round++) {
    for (const kind of round % 2 ? ['watched', 'bare'] : ['bare', 'watched']) {
      runs[kind].push(await runCase(one, { node: binary(major), major, watched: kind === 'watched' }))
    }
  }
  const faults = new Set(runs.watched.flatMap((run, index) => differences(runs.bare[index], run)))
  const [bareMs, watchedMs] = [runs.bare, runs.watched].map((list) => median(list.map(({ ms }) => ms)))
  return {
    faults: [...faults],
    end: runs.bare[0].end,
    bytes: runs.bare[0].stdout.bytes,
    moreMs: watchedMs - bareMs,
    bareMs,
  }
}

const rows = []
let bad = 0
let skipped = 0
for (const one of cases) {
  const cells = []
  let end = ''
  let bytes = ''
  for (const major of majors) {
    if (one.when?.() === false || one.only?.(major) === false) {
      skipped += 1
      cells.push('-')
      continue
    }
    const result = await compare(one, major)
    end = String(result.end)
    bytes = String(result.bytes)
    cells.push(
      `${result.faults.length === 0 ? '' : 'DIFFERS, '}${result.moreMs >= 0 ? '+' : '-'}${Math.abs(Math.round(result.moreMs))} of ${Math.round(result.bareMs)}`,
    )
    if (result.faults.length > 0) bad += 1
    for (const fault of result.faults) console.error(`${one.name}, Node ${major}: ${fault}`)
  }
  rows.push([one.name, end, bytes, ...cells])
}
const head = [
  'case',
  'ends with',
  'bytes on stdout',
  ...majors.map((major) => `Node ${major}: ms to the end, more with the agent`),
]
const line = (cells) => `| ${cells.join(' | ')} |`
console.log([line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n'))
console.log(`${rows.length} cases, ${bad} differ, ${skipped} skipped`)
process.exitCode = bad === 0 ? 0 : 1
