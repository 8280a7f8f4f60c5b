// What the preload adds to the start and to the memory of a worker, beside a bare Worker, on every Node line.
import { interleave, median, medianBounds, nodeLines, report, round, VARIANTS } from './measure.mjs'

export const title = 'Start-up, with a clock opened in the first line'

const MAX_MS = 10
const MAX_MB = 4

export async function run({ quick, progress }) {
  const rows = []
  for (const line of nodeLines()) rows.push(...(await rowsOf(line, quick, (text) => progress(`${line.name}, ${text}`))))
  return rows
}

async function rowsOf({ name, path: node }, quick, progress) {
  const start = (variant, settleMs) =>
    report('start-up.cjs', { ...variant, node, env: { SETTLE_MS: String(settleMs) } })
  const samples = await interleave(quick ? 9 : 31, (variant) => start(variant, 0), progress)
  // What is resident is not changed by what runs beside: all three at once.
  const settled = { nothing: [], worker: [], agent: [] }
  for (let i = 0; i < (quick ? 3 : 5); i++) {
    progress(`memory, round ${i + 1}`)
    const round = await Promise.all(Object.values(VARIANTS).map((variant) => start(variant, 1500)))
    for (const [k, variant] of Object.keys(VARIANTS).entries()) settled[variant].push(round[k])
  }
  const of = (variant, field, from = samples) => round(median(from[variant].map((sample) => sample[field])), 1)
  const described = (variant) =>
    `${of(variant, 'readyMs')} ms (${of(variant, 'mainCpuMs')} of CPU), ${of(variant, 'rssMb', settled)} MB`
  return [
    {
      what: `${name}: the worker's code goes on after`,
      value: of('agent', 'readyMs'),
      unit: `ms (${of('agent', 'mainCpuMs')} of the main thread's CPU), ${of('agent', 'rssMb', settled)} MB resident`,
      note: `bare Worker ${described('worker')}; nothing ${described('nothing')}`,
    },
    over(samples, 'readyMs', `${name}: agent over a bare Worker`, 'ms', MAX_MS),
    over(samples, 'mainCpuMs', `${name}: the same, the main thread's CPU`, 'ms'),
    over(settled, 'rssMb', `${name}: the same, resident`, 'MB', MAX_MB),
  ]
}

/** The median of each round's own difference: what changes from round to round cancels out. */
function over(samples, field, what, unit, limit) {
  const differences = samples.agent.map((sample, i) => sample[field] - samples.worker[i][field])
  const value = round(median(differences), 1)
  const [low, high] = medianBounds(differences)
  const row = { what, value, unit, note: `95 %: ${round(low, 1)} to ${round(high, 1)}` }
  return limit === undefined ? row : { ...row, aim: `at most ${limit}`, ok: value <= limit }
}
