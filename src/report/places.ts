/**
 * Frames and places as one line of text. Paths are shown from the process's working folder where they are in it, and
 * those of a dependency from its package: the JSON has them whole.
 */
import type { Frame } from '../model/frame.js'
import { lineOfText } from '../model/line-of.js'
import type { VerdictPlace } from '../model/verdict.js'
import { printable } from './terminal.js'

const PACKAGES = '/node_modules/'

export function fileText(file: string, cwd: string | null): string {
  const packaged = file.lastIndexOf(PACKAGES)
  if (packaged >= 0) return printable(file.slice(packaged + PACKAGES.length))
  const inside = cwd !== null && cwd !== '/' && file.startsWith(`${cwd}/`)
  return printable(inside ? file.slice(cwd.length + 1) : file)
}

/** `poll (src/worker.ts:9, from dist/worker.js:18:21)`. */
export function placeLine(place: VerdictPlace, cwd: string | null): string {
  const at = lineOfText(place.lineOf)
  const generated = `${fileText(place.file, cwd)}:${place.line}${place.column === null ? '' : `:${place.column}`}`
  const name = printable(place.function ?? '(anonymous)')
  if (place.source === undefined) return `${name} (${at}${generated})`
  const source = `${fileText(place.source.file, cwd)}:${place.source.line}`
  // Of somebody else's package, where the bundler put the line helps nobody.
  if (place.file.includes(PACKAGES)) return `${name} (${at}${source})`
  return `${name} (${at}${source}, from ${generated})`
}

export function frameLine(frame: Frame, cwd: string | null): string {
  const name = printable(frame.function ?? (frame.native ? '(native)' : '(anonymous)'))
  const prefix = frame.async ? 'async ' : ''
  const doubt = frame.probable === true ? '  (probable)' : ''
  const tier = frame.tier === null || frame.tier === 'interpreted' || frame.native ? '' : `  [${frame.tier}]`
  if (frame.native) return `${name}  [native]${doubt}`
  if (frame.file === null) return `${prefix}${name}${tier}${doubt}`
  if (frame.line === null) return `${prefix}${name} (${fileText(frame.file, cwd)})${tier}${doubt}`
  const place: VerdictPlace = {
    function: frame.function,
    file: frame.file,
    line: frame.line,
    column: frame.column,
    ...(frame.source === undefined ? {} : { source: frame.source }),
    ...(frame.lineOf === undefined ? {} : { lineOf: frame.lineOf }),
  }
  return `${prefix}${placeLine(place, cwd)}${tier}${doubt}`
}
