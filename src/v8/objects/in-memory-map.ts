/**
 * Scripts that a loader transformed in memory (tsx, ts-node, vite-node, esbuild-register, Jest): what runs is not what
 * lies on the disk, and a line of the one is no line of the other. Their maps come as a data URL in the text, and V8
 * keeps that in the script. A map counts as such when the one source that it names is the script's own file: what a
 * bundler wrote names others, and is read from the disk (`source/source-maps.ts`).
 */
import { SourceMap, type SourceMapPayload } from 'node:module'

const DATA_URL = /^data:application\/json[^,]*?(;base64)?,/
/** Characters of a data URL that are read. */
export const MAX_INLINE_MAP = 4 << 20

export type InMemoryMap = (line: number, column: number) => { readonly line: number; readonly column: number } | null

/** Lines and columns from 1. Null when the URL is none, or the map is of another file than the script's own. */
export function inMemoryMap(url: string, file: string): InMemoryMap | null {
  const data = DATA_URL.exec(url)
  if (data === null) return null
  try {
    const text = url.slice(data[0].length)
    const json = data[1] === undefined ? decodeURIComponent(text) : Buffer.from(text, 'base64').toString('utf8')
    const payload = JSON.parse(json) as SourceMapPayload
    const [source] = payload.sources
    if (payload.sources.length !== 1 || source === undefined || nameOf(source) !== nameOf(file)) return null
    const map = new SourceMap(payload)
    return (line, column) => {
      const entry = map.findEntry(line - 1, column - 1)
      if (!('originalSource' in entry) || typeof entry.originalLine !== 'number') return null
      return { line: entry.originalLine + 1, column: entry.originalColumn + 1 }
    }
  } catch {
    // No map that can be read: the line stays that of the text that runs.
    return null
  }
}

function nameOf(path: string): string {
  return (
    decodeURIComponent(path.replace(/[?#].*$/, ''))
      .split(/[\\/]/)
      .at(-1) ?? ''
  )
}
