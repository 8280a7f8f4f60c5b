/** Call frames as the inspector gives them, as frames of the model: lines and columns from 1, URLs as paths. */
import type Protocol from 'devtools-protocol'
import { fileURLToPath } from 'node:url'
import type { Frame } from '../../model/frame.js'

/** As much of a name as is shown anywhere; a program can make one of 100 MB. */
const MAX_NAME_CHARS = 1000
const MAX_URL_CHARS = 4096

/** V8 gives anonymous functions an empty name. */
export function nameOf(functionName: string | null | undefined): string | null {
  if (functionName === undefined || functionName === null || functionName === '') return null
  return cut(functionName, MAX_NAME_CHARS)
}

function cut(text: string, chars: number): string {
  return text.length <= chars ? text : `${text.slice(0, chars)}…`
}

/** `file:` URLs become paths; an empty URL is null. */
export function fileOf(url: string | null | undefined): string | null {
  if (url === undefined || url === null || url === '') return null
  if (!url.startsWith('file:') || url.length > MAX_URL_CHARS) return cut(url, MAX_URL_CHARS)
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
