/** A bundle to destinations that a person named: ordered first, so that what fails now is delivered later. */
import path from 'node:path'
import { type Environment, readSettings } from '../config/settings.js'
import { readSettingsWithFile } from '../config/settings-file.js'
import { bundleDirectories, prepareDirectory } from '../incident/directory.js'
import { readBundle } from '../incident/bundle-reader.js'
import { StallError, toStallError } from '../model/stall-error.js'
import { printable } from '../report/terminal.js'
import { closeConnections } from '../sinks/http/http-client.js'
import { sentenceOf } from '../sinks/outbox/delivery-log.js'
import { type DeliveryState, readState } from '../sinks/outbox/journal.js'
import { outboxIn } from '../sinks/outbox/layout.js'
import { putOrder } from '../sinks/outbox/orders.js'
import { openSinkHouse, parseDestination } from '../sinks/registry/registry.js'
import { rehearse } from '../sinks/rehearse.js'
import { shipOnce } from '../sinks/ship.js'
import { EXIT, type ExitCode, exitCodeOf } from './exit-codes.js'
import { printJson, printNote, printOut } from './output.js'

export interface AttachWish {
  /** Of the bundle. */
  readonly folder: string
  readonly to: readonly string[]
  readonly env: Environment
  readonly json: boolean
  readonly dryRun: boolean
  /** Links on stderr: stdout belongs to something else. */
  readonly quiet?: boolean
}

/** Prints the links. @returns 0, 69 (unreachable), 77 (refused), 65 (bundle) or 64 (settings) */
export async function attachBundle(wish: AttachWish): Promise<ExitCode> {
  const to = [...new Set(wish.to.map((name) => parseDestination(name).name))]
  if (wish.dryRun) return await printRehearsal({ ...wish, to })
  const house = openSinkHouse({ env: wish.env })
  for (const warning of house.settings.warnings) printNote(`conductor-diag: ${warning}\n`)
  // What can't be opened at all is told at once, before anything is put down.
  for (const name of to) await house.open(parseDestination(name))
  const { id, state } = readBundle(wish.folder)
  if (state !== 'sealed') {
    throw new StallError(
      'ERR_STALL_BUNDLE_UNSEALED',
      `incident ${id} is not sealed: its capture goes on, or was cut off`,
      {
        help: 'The next start of a worker with the agent seals what a dead one left.',
      },
    )
  }
  const directory = path.dirname(wish.folder)
  const isUsual = path.basename(wish.folder) === id
  putOrder(directory, id, to, isUsual ? {} : { folder: wish.folder })
  try {
    await shipOnce({ directories: [directory], house, only: { incident: id, to } })
  } finally {
    await closeConnections()
  }
  const states = to.map((name) => readState(outboxIn(directory), id, name))
  if (wish.json)
    printJson({ schema: 1, incident: id, deliveries: states.map((each, at) => toJson(each, to[at] ?? '')) })
  else for (const [at, each] of states.entries()) tell(each, to[at] ?? '', wish.quiet === true ? printNote : printOut)
  return worstOf(states)
}

/** Throws ERR_STALL_USAGE for what is no destination. @returns the environment with the settings file in it */
export function checkWish(to: readonly string[]): Environment {
  for (const name of to) parseDestination(name)
  return readSettingsWithFile(process.env).env
}

/** The first folder for bundles that can be written, as a worker's agent would choose it. */
export function wherever(env: Environment): string {
  const failures: string[] = []
  for (const candidate of bundleDirectories(env, readSettings(env).settings.dir)) {
    try {
      prepareDirectory(candidate)
      return candidate.path
    } catch (thrown) {
      failures.push(toStallError(thrown).message)
    }
  }
  throw new StallError('ERR_STALL_DIR_UNWRITABLE', failures.join('; '), {
    help: '--out needs a writable folder',
  })
}

function tell(state: DeliveryState | null, name: string, print: (text: string) => void): void {
  if (state?.status === 'delivered') {
    print(`${printable(state.result?.url ?? state.result?.ref ?? '')}\n`)
    for (const note of state.notes ?? []) printNote(`conductor-diag: ${name}: ${printable(note)}\n`)
    return
  }
  if (state === null || state.error === null) {
    printNote(`conductor-diag: ${name} is being delivered by another process\n`)
    return
  }
  printNote(`conductor-diag: ${printable(sentenceOf(state))}\n  ${printable(state.error.help)}\n`)
  if (state.status === 'waiting')
    printNote('  It waits in the outbox. Once that is mended: conductor-diag ship --now\n')
}

function toJson(state: DeliveryState | null, destination: string): Record<string, unknown> {
  return {
    destination,
    status: state?.status ?? 'waiting',
    ref: state?.result?.ref ?? null,
    url: state?.result?.url ?? null,
    pageUrl: state?.result?.pageUrl ?? null,
    error: state?.error ?? null,
    notes: state?.notes ?? [],
  }
}

function worstOf(states: readonly (DeliveryState | null)[]): ExitCode {
  const codes = states.map((state) =>
    state?.status === 'delivered' ? EXIT.ok : state?.error ? exitCodeOf(state.error.code) : EXIT.unreachable,
  )
  return codes.reduce<ExitCode>((worst, code) => (code > worst ? code : worst), EXIT.ok)
}

async function printRehearsal({ folder, to, env, json, quiet }: AttachWish): Promise<ExitCode> {
  const print = quiet === true ? printNote : printOut
  const warn = (text: string): void => printNote(`conductor-diag: ${printable(text)}\n`)
  const rehearsals = await rehearse(folder, to, env, { warn })
  if (json) {
    printJson({ schema: 1, dryRun: true, destinations: rehearsals })
    return EXIT.ok
  }
  for (const { destination, requests } of rehearsals) {
    print(`${destination}\n`)
    for (const { what, headers, body } of requests) {
      print(`  ${printable(what)}\n`)
      for (const [name, value] of Object.entries(headers ?? {})) print(`    ${name}: ${printable(value)}\n`)
      if (body !== undefined) print(`${indented(body)}\n`)
    }
  }
  return EXIT.ok
}

function indented(body: unknown): string {
  const text = typeof body === 'string' ? body : JSON.stringify(body, null, 2)
  return text
    .split('\n')
    .map((line) => `    ${printable(line)}`)
    .join('\n')
}
