/** `conductor-diag watch PID`: a live view, refreshed in place on a terminal, one line a refresh elsewhere. */
import type { Command } from 'commander'
import { openTarget } from '../investigate/target-process.js'
import { openLiveView } from '../investigate/live-view.js'
import type { LiveMoment } from '../model/live-view.js'
import { screenLines } from '../model/printable.js'
import { StallError } from '../model/stall-error.js'
import { readCommandLine, readWorkingFolder } from '../platform/procfs/process.js'
import { createRedactor } from '../redact/redactor.js'
import { renderLine, renderScreen } from '../report/live-text.js'
import { painter, printable, wantsColor } from '../report/terminal.js'
import { EXIT } from './exit-codes.js'
import { printJsonLine, printLine, printOut, printScreen, readerGone } from './output.js'
import { numberIn, parsePid } from './parse-options.js'
import { examples } from './examples.js'

interface WatchOptions {
  readonly interval: number
  readonly count?: number
  readonly json?: boolean
}

const SHORTEST_INTERVAL_MS = 100
const HIDE_CURSOR = '\u001b[?25l'
const SHOW_CURSOR = '\u001b[?25h'
const CLEAR_BELOW = '\u001b[0J'

export function register(program: Command): void {
  program
    .command('watch')
    .description('clocks, loop lag, and what the main thread and each poll loop do now; needs no agent in the process')
    .addHelpText('after', examples('watch 4711', 'watch 4711 -n 10 --json'))
    .argument('<pid>', 'the process', parsePid)
    .option('-i, --interval <seconds>', 'between two refreshes', numberIn({}), 1)
    .option('-n, --count <n>', 'end after this many refreshes', numberIn({ whole: true }))
    .option('--json', 'one JSON object a refresh and line')
    .action(async (pid: number, options: WatchOptions) => {
      process.exitCode = await watch(pid, options)
    })
}

/** Ends with 0 by count, by SIGINT or SIGTERM, and when the process ends after it was seen. */
async function watch(pid: number, options: WatchOptions): Promise<number> {
  const { target, runtime } = openTarget(pid)
  const root = target.procRoot ?? `/proc/${pid}`
  const redactor = createRedactor()
  const command = redactor.argv(readCommandLine(root)).join(' ')
  const title = printable(`${pid}  ${runtime.version ?? 'node'}  ${command}`)
  const show = options.json ? showJson : process.stdout.isTTY ? showScreen(title, root) : showLine(root)
  const stop = new AbortController()
  const interrupted = (): void => stop.abort()
  process.on('SIGINT', interrupted)
  process.on('SIGTERM', interrupted)
  readerGone.signal.addEventListener('abort', interrupted)
  const view = openLiveView(target, redactor)
  const intervalMs = Math.max(SHORTEST_INTERVAL_MS, options.interval * 1000)
  let shown = 0
  try {
    while (!stop.signal.aborted && (options.count === undefined || shown < options.count)) {
      // The first one comes soon: a rate needs a moment, a person does not want to wait for it.
      const moment = await view.next(shown === 0 ? SHORTEST_INTERVAL_MS : intervalMs, stop.signal)
      if (stop.signal.aborted && shown > 0) break
      show(moment)
      shown++
    }
    return EXIT.ok
  } catch (thrown) {
    const ended = thrown instanceof StallError && thrown.code === 'ERR_STALL_NO_SUCH_PROCESS'
    if (!ended || shown === 0) throw thrown
    printLine(`process ${pid} has ended`)
    return EXIT.ok
  } finally {
    view.dispose()
    if (process.stdout.isTTY && !options.json) printScreen(SHOW_CURSOR, '')
    process.off('SIGINT', interrupted)
    process.off('SIGTERM', interrupted)
  }
}

function showJson(moment: LiveMoment): void {
  printJsonLine(moment)
}

function showLine(root: string): (moment: LiveMoment) => void {
  const cwd = readWorkingFolder(root)
  return (moment) => printOut(screenLines([renderLine(moment, cwd)]))
}

/** Draws over what it drew before, and leaves the last screen where it is. */
function showScreen(title: string, root: string): (moment: LiveMoment) => void {
  const paint = painter(wantsColor(process.stdout, process.env))
  const cwd = readWorkingFolder(root)
  let drawn = 0
  return (moment) => {
    const { columns, rows } = process.stdout
    const lines = renderScreen(moment, { paint, columns: columns || 80, rows: rows || 24, cwd, title })
    const up = drawn === 0 ? HIDE_CURSOR : `\u001b[${drawn}A`
    printScreen(`${up}\r${CLEAR_BELOW}`, screenLines(lines))
    drawn = lines.length
  }
}
