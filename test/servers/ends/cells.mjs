// Which cells there are: a worker x a wedge x a line of Node.
import path from 'node:path'

const TEST = path.resolve(import.meta.dirname, '../..')
const SERVER = path.join(TEST, 'servers/server.cjs')
const server = (name, kind) => ({ name, file: SERVER, args: (wedge) => [kind, wedge] })

/** `asks`: it wedges on a request; `polls`: on a task of Conductor's; else by itself, after a while. */
export const WORKERS = [
  { ...server('plain `http`', 'http'), asks: true },
  { ...server('Express', 'express'), asks: true },
  { ...server('Fastify', 'fastify'), asks: true },
  { name: 'Conductor SDK 2.4.1', file: path.join(TEST, 'sdk/conductor-2.4.1/worker.cjs'), args: () => [], polls: true },
  // After 40 turns of 100 ms.
  { ...server('bare `setInterval`', 'interval'), wedgesAfterMs: 3500 },
]
/** `says`: what must be among the verdicts; on a crowded machine another may come first. */
export const WEDGES = [
  { name: 'a loop in JavaScript', wedge: 'loop', says: /^computing\// },
  { name: '`execSync`', wedge: 'exec', says: /^blocked-in-native\/child-process$/ },
  { name: 'a read of a FIFO', wedge: 'fifo', says: /^blocked-in-native\/file-read$/ },
]
export const LINES = [20, 22, 24, 26]

/**
 * @param {{short: boolean, node?: string, only?: string}} wanted `short`: every worker on every line, each time with another
 *   wedge, so that every worker meets every wedge
 */
export function cellsOf({ short, node, only }) {
  const lines = node === undefined ? LINES : node.split(',').map(Number)
  const all = WORKERS.flatMap((worker, column) =>
    WEDGES.flatMap((wedge, row) =>
      lines.map((line, turn) => ({ worker, wedge, node: line, isShort: (column + turn) % WEDGES.length === row })),
    ),
  )
  return all
    .filter(({ isShort }) => isShort || !short)
    .filter(({ worker, wedge }) => only === undefined || `${worker.name} ${wedge.name}`.includes(only))
}
