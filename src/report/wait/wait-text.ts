/** What an await waits for, as one line. */
import { formatDuration, plural } from '../../model/amounts.js'
import type { WaitsFor } from '../../model/await.js'
import { printable } from '../../model/printable.js'

/** In the order of importance. A request's URL names its peer already; so it is not said again. */
export function waitText(waits: WaitsFor): string {
  const parts = [printable(waits.summary)]
  if (waits.peer !== undefined && hostOf(waits.url) !== waits.peer) parts.push(`peer ${printable(waits.peer)}`)
  if (waits.state !== undefined) parts.push(waits.state)
  if ((waits.sendQueueBytes ?? 0) > 0) parts.push(`${plural(waits.sendQueueBytes ?? 0, 'byte')} not acknowledged`)
  if ((waits.retransmits ?? 0) > 0) parts.push(`sent again ${plural(waits.retransmits ?? 0, 'time')}`)
  if ((waits.receiveQueueBytes ?? 0) > 0) parts.push(`${plural(waits.receiveQueueBytes ?? 0, 'byte')} not read`)
  if (waits.sinceMs !== undefined) parts.push(sinceText(waits.kind, waits.sinceMs))
  if (waits.queued === true) parts.push('queued for the thread pool')
  if (waits.queued === false) parts.push(poolText(waits))
  if (waits.fd !== undefined) parts.push(`fd ${waits.fd}`)
  return parts.join(', ')
}

/** `10.0.0.5:80` out of `http://10.0.0.5/tasks`. */
function hostOf(url: string | undefined): string | null {
  if (url === undefined || !URL.canParse(url)) return null
  const { hostname, port, protocol } = new URL(url)
  return `${hostname}:${port === '' ? (protocol === 'https:' ? 443 : 80) : port}`
}

function sinceText(kind: WaitsFor['kind'], sinceMs: number): string {
  return kind === 'timer' ? `set ${formatDuration(sinceMs)} ago` : `silent for ${formatDuration(sinceMs)}`
}

function poolText({ tid, syscall }: WaitsFor): string {
  const thread = tid === undefined ? 'running in the thread pool' : `in pool thread ${tid}`
  // Its arguments are the path and descriptor that the summary names already.
  return syscall === undefined || syscall === 'running'
    ? thread
    : `${thread} (${printable(syscall.split('(')[0] ?? '')})`
}
