// What watching costs a worker at work: a promise-heavy HTTP loop with nothing, a bare Worker, and the agent. All three run
// at the same time, so that what disturbs one disturbs all; one after the other, a busy machine made any ratio of it.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { median, medianBounds, PROGRAMS, report, round, VARIANTS } from './measure.mjs'

export const title = 'Throughput of a promise-heavy HTTP loop'

export async function run({ quick, progress }) {
  const server = spawn(process.execPath, [path.join(PROGRAMS, 'http-server.cjs')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  try {
    const [port] = await once(server.stdout.setEncoding('utf8'), 'data')
    const env = { PORT: port.trim(), WARM_MS: '700', RUN_MS: '1500' }
    const names = Object.keys(VARIANTS)
    const samples = Object.fromEntries(names.map((name) => [name, []]))
    const rounds = quick ? 9 : 30
    for (let i = 0; i < rounds; i++) {
      progress(`round ${i + 1} of ${rounds}`)
      // Whoever is started first is a little ahead: in turn.
      const order = names.map((_, k) => names[(i + k) % names.length])
      const reports = await Promise.all(order.map((name) => report('throughput.cjs', { ...VARIANTS[name], env })))
      for (const [k, name] of order.entries()) samples[name].push(reports[k])
    }
    return [
      ...Object.keys(samples).map((name) => ({
        what: name === 'worker' ? 'bare Worker' : name,
        value: Math.round(median(samples[name].map((sample) => sample.perSecond))),
        unit: `iterations/s, ${round(median(samples[name].map((sample) => sample.cpuUs)), 1)} us of CPU each`,
      })),
      // CPU time says what is paid; what other programs take of the machine distorts it least.
      ratio(samples, 'agent', 'worker', 'CPU an iteration, agent / bare Worker', 'cpuUs'),
      ratio(samples, 'agent', 'nothing', 'CPU an iteration, agent / nothing', 'cpuUs'),
      ratio(samples, 'agent', 'worker', 'throughput, agent / bare Worker', 'perSecond'),
      ratio(samples, 'worker', 'nothing', 'throughput, bare Worker / nothing', 'perSecond'),
    ]
  } finally {
    server.kill()
  }
}

/** Of each round's own pair: what changes from round to round cancels out. */
function ratio(samples, above, below, what, field) {
  const ratios = samples[above].map((sample, i) => sample[field] / samples[below][i][field])
  const [low, high] = medianBounds(ratios)
  const row = { what, value: round(median(ratios), 3), unit: '', note: `95 %: ${round(low, 3)} to ${round(high, 3)}` }
  if (above !== 'agent' || below !== 'worker') return row
  // Better than a bare Worker would be luck, not a fault.
  return { ...row, aim: 'not worse than 1 by more than the spread', ok: field === 'cpuUs' ? low <= 1 : high >= 1 }
}
