// How many of its turns a recording keeps, what that costs the process, and whether three profilers agree on what is hot;
// beside py-spy on a Python that computes, where that is installed. All in one run, so that the machine is the same.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { hottestBy, recordJson, withHotFive } from './hottest.mjs'
import { median, nodeLines, round } from './measure.mjs'

export const title = 'Recording a busy process from outside'

const PYTHON = 'print(1, flush=True)\nwhile True:\n  sum(range(10000))'

export async function run({ quick, progress }) {
  const seconds = quick ? 2 : 4
  const rows = []
  for (const { name, path: node } of nodeLines()) {
    progress(name)
    await withHotFive(node, async (child) => {
      for (const rate of [100, 1000]) {
        const { samples, missed } = await recordJson(child.pid, seconds, '-r', String(rate))
        rows.push(turnsRow(`${name}: turns kept at ${rate} Hz`, samples, samples + missed))
      }
      const ratio = await workRatio(child, seconds, quick ? 3 : 5)
      rows.push({
        what: `${name}: the process's work for its CPU time, recorded at 100 Hz / left alone`,
        value: round(ratio, 3),
        unit: '',
        aim: '0.99',
        ok: ratio >= 0.99,
      })
    })
    const { record, stop, v8 } = await hottestBy(node, seconds)
    rows.push({
      what: `${name}: three hottest by record / record --stop / V8`,
      value: [record, stop, v8].map((names) => names.join(' ')).join(' / '),
      unit: '',
      ok: [record, stop].every((names) => names.toSorted().join() === v8.toSorted().join()),
    })
  }
  progress('py-spy')
  rows.push(await pySpy(seconds))
  return rows
}

function turnsRow(what, kept, turns) {
  return { what, value: `${kept} of ${turns}`, unit: 'turns', aim: '399 of 400', ok: kept / turns >= 399 / 400 }
}

/** Turns of the program for its CPU time, with a recording and without, in turns: the machine's load takes from both. */
async function workRatio(child, seconds, rounds) {
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const ask = async () => {
    child.stdin.write('\n')
    return JSON.parse((await lines.next()).value)
  }
  const during = async (meanwhile) => {
    const before = await ask()
    await meanwhile()
    const after = await ask()
    return (after.turns - before.turns) / (after.cpuMs - before.cpuMs)
  }
  const ratios = []
  for (let count = 0; count < rounds; count++) {
    const before = await during(() => sleep(seconds * 1000))
    const recorded = await during(() => recordJson(child.pid, seconds))
    const after = await during(() => sleep(seconds * 1000))
    ratios.push(recorded / ((before + after) / 2))
  }
  return median(ratios)
}

async function pySpy(seconds) {
  const what = 'py-spy: turns kept at 100 Hz of a busy Python'
  if (spawnSync('py-spy', ['--version']).status !== 0) {
    return { what, value: '-', unit: '', note: 'skipped: pip install py-spy, and have it in PATH' }
  }
  const python = spawn('python3', ['-c', PYTHON], { stdio: ['ignore', 'pipe', 'ignore'] })
  try {
    await once(python.stdout, 'data')
    const args = [
      'record',
      '-p',
      String(python.pid),
      '-d',
      String(seconds),
      '-r',
      '100',
      '-f',
      'raw',
      '-o',
      '/dev/null',
    ]
    const { stderr, stdout } = spawnSync('py-spy', args, { encoding: 'utf8' })
    const kept = Number(/Samples: (\d+)/.exec(`${stdout}${stderr}`)?.[1] ?? Number.NaN)
    return { what, value: `${kept} of ${seconds * 100}`, unit: 'turns' }
  } finally {
    python.kill('SIGKILL')
  }
}
