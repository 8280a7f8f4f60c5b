/**
 * Kept connections on which requests go out again and again while nothing comes back, as they were watched. One way
 * traffic (log lines, metrics) looks the same to the kernel: only a client that waits for answers on it makes it more.
 */
import type { ConnectionWatch } from '../../model/connection-watch.js'
import type { AwaitNode } from '../../model/await.js'
import type { View } from './view.js'

export interface DeadConnection {
  readonly watch: ConnectionWatch
  readonly silentMs: number
  /** A client that expects answers uses it: an HTTP/2 session, or an await that hangs on it. False: not known. */
  readonly answers: boolean
  /** `https://bank.example`, of an HTTP/2 session. */
  readonly authority: string | null
  /** An await that was seen to wait on it, in whichever look. */
  readonly node: AwaitNode | null
}

/** One send may be the first request on a connection that was idle. */
const MIN_SENDS = 2

export function deadConnections(view: View): readonly DeadConnection[] {
  return (view.evidence.watchedConnections ?? []).flatMap((watch): DeadConnection[] => {
    const { fd, sends, silentMs } = watch
    if (silentMs === null || sends < MIN_SENDS) return []
    const nodes = nodesOn(view, fd)
    // More of them at a time than were seen to be sent: a slow server, which has them all before it.
    if (nodes.now.length > sends) return []
    const session = view.evidence.looks.flatMap((look) => look.awaits?.sessions ?? []).find((each) => each.fd === fd)
    const node = nodes.now[0] ?? nodes.before[0] ?? null
    const answers = session !== undefined || node !== null
    if (!answers && view.last.awaits !== null) return []
    return [{ watch, silentMs, answers, authority: session?.authority ?? null, node }]
  })
}

function nodesOn({ evidence, last }: View, fd: number): { now: readonly AwaitNode[]; before: readonly AwaitNode[] } {
  const isOn = ({ waitsFor }: AwaitNode): boolean => waitsFor?.fd === fd
  const before = evidence.looks.slice(0, -1).flatMap((look) => look.awaits?.awaits.filter(isOn) ?? [])
  return {
    now: last.awaits?.awaits.filter(isOn).flatMap((node) => Array<AwaitNode>(node.count).fill(node)) ?? [],
    before,
  }
}
