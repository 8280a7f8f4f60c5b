/** The web socket address behind a debug port, as the inspector's own HTTP endpoint lists it. */
import type { get as Get } from 'node:http'
import { StallError } from '../../model/stall-error.js'

const MAX_BYTES = 256 * 1024
/** The inspector answers from a thread of its own, whatever the main thread does. */
const ANSWER_MS = 10_000

/** @throws StallError ERR_STALL_INSPECTOR_UNAVAILABLE when what answers is no inspector */
export async function findEndpoint(port: number, deadlineMs: number): Promise<string> {
  // Loaded only where there is a port to ask.
  const { get } = await import('node:http')
  const text = await fetchText(get, port, deadlineMs)
  const match = /"webSocketDebuggerUrl"\s*:\s*"(ws:\/\/[^"]+)"/.exec(text)
  if (match?.[1] === undefined) throw notAnInspector(port, 'its answer names no web socket')
  const url = new URL(match[1])
  // It names itself by the host it was told to listen on; we came by this one.
  return `ws://127.0.0.1:${port}${url.pathname}`
}

function fetchText(get: typeof Get, port: number, deadlineMs: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const fail = (error: Error): void =>
      reject(notAnInspector(port, signal.aborted ? 'it did not answer in time' : error.message))
    // From the first byte to the last: an idle time-out is never reached by what comes byte by byte.
    const leftMs = Math.max(1, Math.min(ANSWER_MS, deadlineMs - performance.now()))
    // Whole milliseconds: it throws at a fraction.
    const signal = AbortSignal.timeout(Math.ceil(leftMs))
    const request = get({ host: '127.0.0.1', port, path: '/json/list', agent: false, signal }, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => {
        text += chunk
        if (text.length > MAX_BYTES) request.destroy(new Error('its answer is too long'))
      })
      response.on('end', () => resolve(text))
      response.on('error', fail)
    })
    request.on('error', fail)
  })
}

function notAnInspector(port: number, why: string): StallError {
  return new StallError('ERR_STALL_INSPECTOR_UNAVAILABLE', `port ${port} is no inspector: ${why}`)
}
