// What the preload adds to the start and to the memory of a worker, beside a bare Worker.
import { interleave, median, report, round } from './measure.mjs'

export const title = 'Start-up, with a clock opened in the first line'

export async function run({ quick, progress }) {
  const rounds = quick ? 5 : 15
  const samples = await interleave(
    rounds,
    (variant) => report('start-up.cjs', { ...variant, env: { SETTLE_MS: '1500' } }),
    progress,
  )
  const of = (name, field) => median(samples[name].map((sample) => sample[field]))
  const addedMs = of('agent', 'readyMs') - of('worker', 'readyMs')
  const addedCpuMs = of('agent', 'mainCpuMs') - of('worker', 'mainCpuMs')
  const addedMb = of('agent', 'rssMb') - of('worker', 'rssMb')
  return [
    ...['nothing', 'worker', 'agent'].map((name) => ({
      what: `${name === 'worker' ? 'bare Worker' : name}: the worker's code goes on after`,
      value: round(of(name, 'readyMs'), 1),
      unit: `ms (${round(of(name, 'mainCpuMs'), 1)} of CPU in the main thread), ${round(of(name, 'rssMb'), 1)} MB resident`,
    })),
    { what: 'agent over a bare Worker', value: round(addedMs, 1), unit: 'ms', aim: 'at most 10', ok: addedMs <= 10 },
    { what: 'the same, CPU of the main thread', value: round(addedCpuMs, 1), unit: 'ms' },
    { what: 'agent over a bare Worker', value: round(addedMb, 1), unit: 'MB', aim: 'at most 4', ok: addedMb <= 4 },
  ]
}
