/** From when on bundles that nobody ordered are delivered: the first look into a folder, so that no old ones go out. */
import path from 'node:path'
import { writeDurably } from '../../incident/durable-file.js'
import { makeOutbox } from './layout.js'
import { readJson } from './orders.js'

const FILE = 'since.json'

/** ms since the epoch. */
export function sinceOf(directory: string, now: number): number {
  const folder = path.dirname(makeOutbox(directory).orders)
  const since = readJson(path.join(folder, FILE))?.['since']
  if (typeof since === 'number') return since
  writeDurably(folder, FILE, `${JSON.stringify({ schema: 1, since: now })}\n`, { shared: true })
  return now
}
