/** Evidence pointers of a dump (`#/awaits/0`) as pointers into a bundle (`awaits.json#/0`). */
import type { Verdict } from '../model/verdict.js'

/** Lists that a bundle stores as a file of their own. */
const FILES: Readonly<Record<string, string>> = {
  threads: 'threads.json',
  awaits: 'awaits.json',
  sockets: 'sockets.json',
  clocks: 'clocks.json',
}

export function toBundlePointer(pointer: string): string {
  const match = /^#\/([^/]+)(.*)$/.exec(pointer)
  const file = match?.[1] === undefined ? undefined : FILES[match[1]]
  return file === undefined ? pointer : `${file}#${match?.[2] ?? ''}`
}

/** The other way round, for a bundle that is shown as a dump. */
export function toDumpPointer(pointer: string): string {
  const match = /^([^#]+)#(.*)$/.exec(pointer)
  const list = Object.keys(FILES).find((name) => FILES[name] === match?.[1])
  return list === undefined ? pointer : `#/${list}${match?.[2] ?? ''}`
}

export function withDumpPointers(verdict: Verdict): Verdict {
  return { ...verdict, evidence: verdict.evidence.map(toDumpPointer) }
}

export function withBundlePointers(verdict: Verdict): Verdict {
  return { ...verdict, evidence: verdict.evidence.map(toBundlePointer) }
}
