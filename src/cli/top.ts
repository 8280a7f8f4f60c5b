/** `conductor-diag top PID`: where the time of a process goes, live, function by function; nothing in it, no pause. */
import type { Command } from 'commander'
import { ProcessSampler } from '../capture/process-sampler.js'
import { forEachTurn } from '../capture/turns.js'
import { openTarget } from '../investigate/target-process.js'
import { screenLines } from '../model/printable.js'
import type { TopMoment } from '../model/top.js'
import { readCommandLine, readWorkingFolder } from '../platform/procfs/process.js'
import { TopCounter } from '../profile/top-counter.js'
import { createRedactor } from '../redact/redactor.js'
import { painter, printable, wantsColor } from '../report/terminal.js'
import { renderTop, renderTopLine } from '../report/top-text.js'
import { examples } from './examples.js'
import { EXIT } from './exit-codes.js'
import { printJsonLine, printLine, printOut, printScreen, readerGone } from './output.js'
import { numberIn, parsePid } from './parse-options.js'
import { ENDS } from './recording-formats.js'
import { listenToKeys, type TopView } from './top-keys.js'

interface TopCommandOptions {
  readonly interval: number
  readonly rate: number
  readonly count?: number
  readonly json?: boolean
  readonly stop?: boolean
}

const HIDE_CURSOR = '\u001b[?25l'
const SHOW_CURSOR = '\u001b[?25h'
const CLEAR_BELOW = '\u001b[0J'
/** More functions than any terminal has lines. */
const MOST = 200
/** In JSON. */
const MOST_JSON = 50

export function register(program: Command): void {
  program
    .command('top')
    .description('where the time goes, live, function by function: own and total, of all JavaScript threads')
    .addHelpText('after', examples('top 4711', 'top 4711 -i 5 -n 12', 'top 4711 -n 1 --json'))
    .argument('<pid>', 'the process', parsePid)
    .option('-i, --interval <seconds>', 'between two refreshes', numberIn({ from: 0.1 }), 1)
    .option('-r, --rate <hz>', 'samples a second', numberIn({ from: 1, to: 1000 }), 100)
    .option('-n, --count <n>', 'end after this many refreshes', numberIn({ from: 1, whole: true }))
    .option('--stop', 'stop the process for the moment of each sample: exact stacks, at a cost to its throughput')
    .option('--json', 'one JSON object a refresh and line')
    .action(async (pid: number, options: TopCommandOptions) => {
      process.exitCode = await top(pid, options)
    })
}

/** Ends with 0 by count, by a key, by SIGINT or SIGTERM, and when the process ends after it was seen. */
async function top(pid: number, options: TopCommandOptions): Promise<number> {
  const { target, runtime } = openTarget(pid)
  const root = target.procRoot ?? `/proc/${pid}`
  const command = createRedactor().argv(readCommandLine(root)).join(' ')
  const sampler = new ProcessSampler(target, options.stop === true)
  sampler.warmUp()
  const stop = new AbortController()
  const interrupted = (): void => stop.abort()
  const view: TopView = { order: 'own', tid: null, frozen: false }
  const counter = new TopCounter(sampler.mainTid)
  const screen =
    process.stdout.isTTY && options.json !== true
      ? openScreen(printable(`${pid}  ${runtime.version ?? 'node'}  ${command}`), root, view)
      : null
  const cwd = readWorkingFolder(root)
  let last: TopMoment | null = null
  let samples = 0
  let turns = 0
  let shown = 0
  const momentNow = (atMs: number): TopMoment => ({
    at: new Date().toISOString(),
    samples,
    missed: Math.max(0, Math.floor((atMs * options.rate) / 1000) + 1 - turns) + sampler.torn,
    stopped: sampler.isStopped,
    threads: counter.threads(),
    tid: view.tid,
    functions: counter.functions(view.tid, view.order, atMs / Math.max(1, turns), screen ? MOST : MOST_JSON),
  })
  const show = (atMs: number): void => {
    if (!view.frozen) last = momentNow(atMs)
    if (last === null) return
    if (screen) screen.draw(last)
    else if (options.json === true) printJsonLine({ schema: 1, ...last })
    else printOut(screenLines([renderTopLine(last, cwd)]))
  }
  const startedMs = performance.now()
  const release = screen
    ? listenToKeys(process.stdin, view, {
        quit: interrupted,
        reset: () => counter.reset(),
        redraw: () => show(performance.now() - startedMs),
        tids: () => sampler.tids,
      })
    : null
  process.on('SIGINT', interrupted)
  process.on('SIGTERM', interrupted)
  readerGone.signal.addEventListener('abort', interrupted)
  let dueMs = options.interval * 1000
  try {
    await forEachTurn({ durationMs: Infinity, rate: options.rate, signal: stop.signal }, (atMs) => {
      const going = sampler.take(atMs)
      turns++
      for (const { tid, samples: taken } of sampler.drain()) {
        if (tid === sampler.mainTid) samples += taken.length
        for (const sample of taken) counter.add(tid, sample)
      }
      if (!going) return false
      if (atMs < dueMs) return true
      show(atMs)
      if (!view.frozen) counter.refresh()
      shown++
      dueMs = Math.max(dueMs, atMs) + options.interval * 1000
      return options.count === undefined || shown < options.count
    })
    // What ended before its first refresh is shown as far as it got.
    if (shown === 0 && samples > 0) show(performance.now() - startedMs)
    if (sampler.end !== null) printLine(`process ${pid} ${ENDS[sampler.end]}`)
    return samples > 0 ? EXIT.ok : EXIT.noEvidence
  } finally {
    release?.()
    screen?.close()
    sampler.dispose()
    process.off('SIGINT', interrupted)
    process.off('SIGTERM', interrupted)
    readerGone.signal.removeEventListener('abort', interrupted)
  }
}

interface Screen {
  draw(moment: TopMoment): void
  close(): void
}

/** Draws over what it drew before, and leaves the last screen where it is. */
function openScreen(title: string, root: string, view: TopView): Screen {
  const paint = painter(wantsColor(process.stdout, process.env))
  const cwd = readWorkingFolder(root)
  let drawn = 0
  return {
    draw(moment) {
      const { columns, rows } = process.stdout
      const size = { columns: columns || 80, rows: rows || 24 }
      const lines = renderTop(moment, { ...size, paint, cwd, title, order: view.order, frozen: view.frozen })
      const up = drawn === 0 ? HIDE_CURSOR : `\u001b[${drawn}A`
      printScreen(`${up}\r${CLEAR_BELOW}`, screenLines(lines))
      drawn = lines.length
    },
    close: () => printScreen(SHOW_CURSOR, ''),
  }
}
