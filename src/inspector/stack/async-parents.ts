/**
 * Awaiting callers of a paused stack. Switching async stacks on now could not tell them (the awaits exist already);
 * but an Error made while the stack is paused carries them, since V8 walks the promises for it.
 *
 * The probe runs in the target, in the global scope, while it is paused: it calls nothing that user code can have
 * replaced except through `Error`'s own settings, which it saves and restores, and V8 ends it after a moment.
 */
import type { CdpConnection } from '../connection/cdp-connection.js'
import type { Frame } from '../../model/frame.js'
import { fileOf, nameOf } from './frames.js'

const MAX_FRAMES = 100
const PROBE_TIMEOUT_MS = 300

/** Rows [function, file, line, column] of the async call sites, as JSON. */
const PROBE = `(() => {
  const E = Error
  const limit = Object.getOwnPropertyDescriptor(E, 'stackTraceLimit')
  const prepare = Object.getOwnPropertyDescriptor(E, 'prepareStackTrace')
  try {
    E.stackTraceLimit = ${MAX_FRAMES}
    E.prepareStackTrace = (error, sites) => sites
    const rows = []
    for (const site of new E().stack) {
      if (site.isAsync()) {
        rows.push([site.getFunctionName(), site.getScriptNameOrSourceURL(), site.getLineNumber(), site.getColumnNumber()])
      }
    }
    return JSON.stringify(rows)
  } finally {
    if (limit) Object.defineProperty(E, 'stackTraceLimit', limit)
    else delete E.stackTraceLimit
    if (prepare) Object.defineProperty(E, 'prepareStackTrace', prepare)
    else delete E.prepareStackTrace
  }
})()`

/** Innermost first; empty when there are none, or when the target would not tell. Only while paused. */
export async function readAsyncParents(connection: CdpConnection, deadlineMs: number): Promise<Frame[]> {
  const answer = await connection.send(
    'Runtime.evaluate',
    { expression: PROBE, returnByValue: true, silent: true, timeout: PROBE_TIMEOUT_MS },
    deadlineMs,
  )
  if (answer.exceptionDetails !== undefined) return []
  return parseAsyncRows(answer.result.value)
}

/** What the probe returned is the target's word: checked, never trusted. */
export function parseAsyncRows(value: unknown): Frame[] {
  if (typeof value !== 'string') return []
  let rows: unknown
  try {
    rows = JSON.parse(value)
  } catch {
    return []
  }
  if (!Array.isArray(rows)) return []
  return rows.slice(0, MAX_FRAMES).flatMap((row: unknown) => {
    if (!Array.isArray(row)) return []
    const [name, file, line, column] = row as unknown[]
    return [
      {
        function: typeof name === 'string' ? nameOf(name) : null,
        file: typeof file === 'string' ? fileOf(file) : null,
        line: typeof line === 'number' ? line : null,
        column: typeof column === 'number' ? column : null,
        tier: null,
        async: true,
        native: false,
      },
    ]
  })
}
