/** Somebody else's destination: an npm package, or a file, that exports `openSink(context)` and returns a Sink. */
import { createRequire } from 'node:module'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Sink, SinkContext } from '../contract/sink.js'
import { refused } from '../contract/sink-error.js'

const KINDS = ['store', 'ticket', 'message']

export async function open(context: SinkContext): Promise<Sink> {
  const name = context.values.needed('name')
  let loaded: unknown
  try {
    const place = resolveFrom(context.from, name)
    loaded = await import(pathToFileURL(place).href)
  } catch (thrown) {
    const why = thrown instanceof Error ? thrown.message.split('\n')[0] : String(thrown)
    throw refused(`${name} can't be loaded: ${why}`, `npm install ${name}, or name a file by its whole path.`)
  }
  const openSink = exported(loaded)
  if (openSink === null) throw refused(`${name} exports no function openSink`)
  const sink = await openSink(context)
  if (!isSink(sink)) throw refused(`openSink of ${name} gave no ${KINDS.join(', ')}`)
  return sink
}

/** As the worker's own code would find it, else as a package that is installed beside this one. */
function resolveFrom(folder: string, name: string): string {
  try {
    return createRequire(path.join(folder, 'x.js')).resolve(name)
  } catch (thrown) {
    if (name.startsWith('.') || path.isAbsolute(name)) throw thrown
    return createRequire(__filename).resolve(name)
  }
}

/** Of an ES module, or of CommonJS as `import` sees it. */
function exported(loaded: unknown): ((context: SinkContext) => Promise<Sink> | Sink) | null {
  const module = loaded as { openSink?: unknown; default?: { openSink?: unknown } }
  const found = module.openSink ?? module.default?.openSink
  return typeof found === 'function' ? (found as (context: SinkContext) => Promise<Sink> | Sink) : null
}

/** Not ours, so not what its type says. */
function isSink(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'kind' in value && KINDS.includes(value.kind as string)
}
