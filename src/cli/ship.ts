/** `conductor-diag ship`: delivers what waits, once, or for as long as it runs (a sidecar beside workers). */
import type { Command } from 'commander'
import { readSettingsWithFile } from '../config/settings-file.js'
import { formatDuration, plural } from '../model/amounts.js'
import { StallError, toStallError } from '../model/stall-error.js'
import { printable } from '../report/terminal.js'
import { closeConnections } from '../sinks/http/http-client.js'
import { sentenceOf } from '../sinks/outbox/delivery-log.js'
import type { DeliveryState } from '../sinks/outbox/journal.js'
import { openSinkHouse } from '../sinks/registry/registry.js'
import { forgetGone, retryRefused, shipOnce, type ShipReport } from '../sinks/ship.js'
import { addFolderOption, bundleFolders, type FolderOptions } from './bundle-folders.js'
import { examples } from './examples.js'
import { EXIT, type ExitCode } from './exit-codes.js'
import { printJson, printNote } from './output.js'

interface ShipCommandOptions extends FolderOptions {
  readonly follow?: boolean
  readonly all?: boolean
  readonly refused?: boolean
  readonly now?: boolean
  readonly json?: boolean
}

/** A new bundle is seen so soon. */
const LOOK_EVERY_MS = 2000
/** After a signal: what is under way may end, and what does not is for the next one, as after a crash. */
const LAST_REQUEST_MS = 10_000
/** A claim of a process that died in another container is given up after 90 s of watching it. */
const BUSY_PATIENCE_MS = 100_000

export function register(program: Command): void {
  const command = program
    .command('ship')
    .description('deliver the incidents that wait; with --follow as a sidecar, for as long as it runs')
    .addHelpText('after', examples('ship', 'ship --now', 'ship --follow --dir /var/lib/incidents', 'ship --refused'))
    .option('--follow', 'go on: deliver what workers that share the folder leave there')
    .option('--all', 'also bundles from before anything was delivered from this folder')
    .option('--now', 'try at once what failed lately, and would be tried later')
    .option('--refused', 'try refused deliveries again, after you fixed the cause')
    .option('--json', 'the closing count as JSON')
  addFolderOption(command).action(async (options: ShipCommandOptions) => {
    process.exitCode = await ship(options)
  })
}

async function ship(options: ShipCommandOptions): Promise<ExitCode> {
  if (options.follow === true && options.now === true) {
    throw new StallError('ERR_STALL_USAGE', '--now is for one pass: --follow tries each delivery when its time comes', {
      help: 'conductor-diag ship --now, then conductor-diag ship --follow',
    })
  }
  const { env } = readSettingsWithFile(process.env)
  const house = openSinkHouse({ env })
  for (const warning of house.settings.warnings) printNote(`conductor-diag: ${warning}\n`)
  const { folders, looked } = bundleFolders(options)
  if (folders.length === 0 && options.follow !== true) printNote(`no bundles in ${looked.join(', ')}\n`)
  if (options.refused)
    printNote(`${plural(retryRefused(folders), 'refused delivery', 'refused deliveries')} tried again\n`)
  const shipping = {
    house,
    all: options.all ?? false,
    report: (state: DeliveryState, before: DeliveryState) => {
      const said = sentenceOf(state)
      if (said !== sentenceOf(before)) printNote(`${printable(said)}\n`)
    },
  }
  try {
    if (options.follow) {
      await follow(shipping, options)
      return EXIT.ok
    }
    const later = new Map<string, DeliveryState>()
    const waits = (state: DeliveryState): unknown => later.set(`${state.incident} ${state.destination}`, state)
    const report = await untilNobodyIsBusy({ ...shipping, waits }, folders, options.now ?? false)
    tellLater([...later.values()])
    forgetGone(folders)
    if (options.json) printJson({ schema: 1, ...report })
    else
      printNote(`${report.delivered} delivered, ${report.waiting + report.busy} waiting, ${report.refused} refused\n`)
    if (report.refused > 0) return EXIT.permission
    return report.waiting + report.busy > 0 ? EXIT.unreachable : EXIT.ok
  } finally {
    await closeConnections()
  }
}

/** Why what waits was not even tried: without it a count says nothing of what to mend. */
const TOLD_LATER = 5

function tellLater(states: readonly DeliveryState[]): void {
  for (const state of states.slice(0, TOLD_LATER)) {
    const inMs = state.nextAttemptAt === null ? 0 : Date.parse(state.nextAttemptAt) - Date.now()
    const next = inMs > 0 ? `; it is tried again in ${formatDuration(inMs)}` : ''
    printNote(`${printable(sentenceOf(state))}${next}\n`)
  }
  if (states.length > TOLD_LATER) printNote(`and ${states.length - TOLD_LATER} more: conductor-diag ls\n`)
  if (states.length > 0) printNote('  Once you have mended the reason: conductor-diag ship --now\n')
}

type Shipping = Omit<Parameters<typeof shipOnce>[0], 'directories'>

async function untilNobodyIsBusy(
  shipping: Shipping,
  directories: readonly string[],
  now: boolean,
): Promise<ShipReport> {
  let delivered = 0
  let refused = 0
  let fewestBusy = Number.POSITIVE_INFINITY
  let movedAt = performance.now()
  for (let pass = 1; ; pass++) {
    // Once: what fails again has its time again.
    const report = await shipOnce({ ...shipping, directories, atOnce: now && pass === 1 })
    delivered += report.delivered
    refused += report.refused
    // One pass over a full outbox takes minutes: what counts is how long nothing has moved.
    if (report.delivered + report.refused > 0 || report.busy < fewestBusy) movedAt = performance.now()
    fewestBusy = Math.min(fewestBusy, report.busy)
    if (report.busy === 0 || performance.now() - movedAt > BUSY_PATIENCE_MS) return { ...report, delivered, refused }
    await sleep(1000)
  }
}

async function follow(shipping: Shipping, options: ShipCommandOptions): Promise<void> {
  const stop = new AbortController()
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stop.abort())
  stop.signal.addEventListener('abort', () => setTimeout(() => process.exit(EXIT.ok), LAST_REQUEST_MS).unref())
  let told = ''
  while (!stop.signal.aborted) {
    try {
      // Anew each time: the folder may be made by the first worker.
      const { folders } = bundleFolders(options)
      await shipOnce({ ...shipping, directories: folders, shouldStop: () => stop.signal.aborted })
      told = ''
    } catch (thrown) {
      const { code, message } = toStallError(thrown)
      if (message !== told) printNote(`conductor-diag: ${printable(message)} (${code})\n`)
      told = message
    }
    await sleep(LOOK_EVERY_MS, stop.signal)
  }
}

async function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, ms)
    signal?.addEventListener('abort', () => {
      clearTimeout(timer)
      resolve()
    })
  })
}
