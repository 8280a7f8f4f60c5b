// What watching costs a worker at work: a promise-heavy HTTP loop with nothing, a bare Worker, and the agent.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { interleave, median, medianBounds, PROGRAMS, report, round } from './measure.mjs'

export const title = 'Throughput of a promise-heavy HTTP loop'

export async function run({ quick, progress }) {
  const server = spawn(process.execPath, [path.join(PROGRAMS, 'http-server.cjs')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  try {
    const [port] = await once(server.stdout.setEncoding('utf8'), 'data')
    const env = { PORT: port.trim(), WARM_MS: '700', RUN_MS: quick ? '800' : '1500' }
    const samples = await interleave(
      quick ? 5 : 12,
      (variant) => report('throughput.cjs', { ...variant, env }),
      progress,
    )
    return [
      ...Object.keys(samples).map((name) => ({
        what: name === 'worker' ? 'bare Worker' : name,
        value: Math.round(median(samples[name].map((sample) => sample.perSecond))),
        unit: `iterations/s, ${round(median(samples[name].map((sample) => sample.cpuUs)), 1)} us of CPU each`,
      })),
      ratio(samples, 'agent', 'worker', 'throughput, agent / bare Worker'),
      ratio(samples, 'agent', 'nothing', 'throughput, agent / nothing'),
      ratio(samples, 'worker', 'nothing', 'throughput, bare Worker / nothing'),
      // What a busy machine can't distort as much.
      ratio(samples, 'agent', 'worker', 'CPU an iteration, agent / bare Worker', 'cpuUs'),
    ]
  } finally {
    server.kill()
  }
}

/** Of each round's own pair: what changes from round to round cancels out. */
function ratio(samples, above, below, what, field = 'perSecond') {
  const ratios = samples[above].map((sample, i) => sample[field] / samples[below][i][field])
  const [low, high] = medianBounds(ratios)
  const row = { what, value: round(median(ratios), 3), unit: '', note: `95 %: ${round(low, 3)} to ${round(high, 3)}` }
  if (above !== 'agent' || below !== 'worker' || field !== 'perSecond') return row
  return { ...row, aim: 'not to be told from 1', ok: low <= 1 && high >= 1 }
}
