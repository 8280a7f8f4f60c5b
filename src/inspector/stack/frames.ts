/** Call frames as the inspector gives them, as frames of the model: lines and columns from 1, URLs as paths. */
import type Protocol from 'devtools-protocol'
import { fileURLToPath } from 'node:url'
import type { Frame } from '../../model/frame.js'

/** V8 gives anonymous functions an empty name. */
export function nameOf(functionName: string | null | undefined): string | null {
  return functionName === undefined || functionName === null || functionName === '' ? null : functionName
}

/** `file:` URLs become paths; an empty URL is null. */
export function fileOf(url: string | null | undefined): string | null {
  if (url === undefined || url === null || url === '') return null
  if (!url.startsWith('file:')) return url
  try {
    return fileURLToPath(url)
  } catch {
    // Not a local path (a host name in it): the URL itself says most.
    return url
  }
}

export function frameOf(call: Protocol.Debugger.CallFrame, urls: ReadonlyMap<string, string>): Frame {
  return {
    function: nameOf(call.functionName),
    file: fileOf(call.url === '' ? urls.get(call.location.scriptId) : call.url),
    line: call.location.lineNumber + 1,
    column: (call.location.columnNumber ?? 0) + 1,
    tier: null,
    async: false,
    native: false,
  }
}

/** Node's own code: `node:internal/timers`. */
export function isNodeInternal(frame: Frame): boolean {
  return frame.file !== null && /^(?:node:|internal\/)/.test(frame.file)
}
