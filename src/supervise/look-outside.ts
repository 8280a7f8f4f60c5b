/** One look at a running worker: /proc, the agent's control socket, and its event loop in memory. Some milliseconds. */
import { performance } from 'node:perf_hooks'
import { mainLoopState } from '../native/main-loop-state.js'
import { connectToAgent } from '../platform/control/client.js'
import type { ControlStatus } from '../platform/control/protocol.js'
import { hasControlSocket } from '../platform/control/socket-place.js'
import { readCgroup } from '../platform/procfs/cgroup.js'
import { inodeOfTarget, listDescriptors } from '../platform/procfs/descriptors.js'
import { listNumbers, tryReadProcText } from '../platform/procfs/read.js'
import { readExecutable } from '../platform/procfs/process.js'
import { readStat, type ProcStat } from '../platform/procfs/stat.js'
import type { OutsideLook } from './outside-watch.js'

/** Longer than a busy machine needs; a thread that gets no CPU for that long is starved. */
const AGENT_TIMEOUT_MS = 3000

export interface LookedAt {
  readonly look: OutsideLook
  /** Of the process that was looked at: behind npm or a shell it is not the worker's own pid. */
  readonly pid: number
  /** What its agent said; null when it said nothing. */
  readonly status: ControlStatus | null
}

/** Looks at the node process of one worker, again and again: it remembers which one that is. */
export class WorkerProbe {
  readonly #group: number
  #target: { readonly pid: number; readonly startTicks: number } | null = null
  #hadAgent = false

  /** @param group the worker's process group, which is its pid */
  constructor(group: number) {
    this.#group = group
  }

  /** Null when the worker has no node process (any more). */
  async look(): Promise<LookedAt | null> {
    const target = this.#findTarget()
    if (target === null) return null
    const { pid, state } = target
    const asked = await ask(pid)
    if (asked.agent === 'answers') this.#hadAgent = true
    const agent = asked.agent === 'none' && this.#hadAgent ? 'gone' : asked.agent
    const answer = agent === 'answers' ? null : mainLoopState(pid)
    const loop = answer !== null && 'loop' in answer ? answer.loop : null
    const ready = asked.status?.clocks.some((clock) => clock.kind !== 'event-loop') === true || listens(pid)
    const look: OutsideLook = {
      atMs: performance.now(),
      state,
      frozen: isFrozen(pid),
      agent,
      turns: loop?.turns ?? null,
      polling: loop?.polling ?? false,
      ready,
    }
    return { look, pid, status: asked.status }
  }

  /** The one with an agent, else the oldest node process of the group. */
  #findTarget(): { readonly pid: number; readonly state: string } | null {
    const kept = this.#target === null ? null : statOf(this.#target.pid)
    if (kept !== null && kept.startTicks === this.#target?.startTicks && kept.state !== 'Z' && this.#hadAgent) {
      return { pid: kept.pid, state: kept.state }
    }
    const nodes = membersOf(this.#group).filter(({ pid }) => runsNode(pid))
    const found = nodes.find(({ pid }) => hasControlSocket(pid)) ?? nodes[0]
    if (found === undefined) return null
    if (found.pid !== this.#target?.pid) this.#hadAgent = false
    this.#target = { pid: found.pid, startTicks: found.startTicks }
    return { pid: found.pid, state: found.state }
  }
}

/** Living processes of a group, oldest first. */
export function membersOf(group: number): ProcStat[] {
  return listNumbers('/proc')
    .map(statOf)
    .filter((stat) => stat !== null)
    .filter((stat) => stat.processGroup === group && stat.state !== 'Z')
    .sort((a, b) => a.startTicks - b.startTicks || a.pid - b.pid)
}

function statOf(pid: number): ProcStat | null {
  try {
    return readStat(`/proc/${pid}`)
  } catch {
    // Gone meanwhile.
    return null
  }
}

function runsNode(pid: number): boolean {
  return /\/node(?:js)?$/.test(readExecutable(`/proc/${pid}`)?.path ?? '')
}

async function ask(pid: number): Promise<{ agent: 'answers' | 'silent' | 'none'; status: ControlStatus | null }> {
  try {
    const client = await connectToAgent(pid, AGENT_TIMEOUT_MS)
    if (client === null) return { agent: 'none', status: null }
    client.dispose()
    return { agent: 'answers', status: client.status }
  } catch {
    // It is there, and does not answer: stopped, frozen, starved.
    return { agent: 'silent', status: null }
  }
}

function isFrozen(pid: number): boolean {
  try {
    return readCgroup(`/proc/${pid}`)?.frozen === true
  } catch {
    // No control group that can be seen.
    return false
  }
}

/** State 0A of /proc/net/tcp: LISTEN. */
function listens(pid: number): boolean {
  const listening = new Set<number>()
  for (const name of ['tcp', 'tcp6']) {
    for (const line of (tryReadProcText(`/proc/${pid}/net/${name}`, 4 * 1024 * 1024) ?? '').split('\n')) {
      const fields = line.trim().split(/\s+/)
      if (fields[3] === '0A') listening.add(Number(fields[9]))
    }
  }
  if (listening.size === 0) return false
  try {
    return listDescriptors(`/proc/${pid}`).some(({ target }) => listening.has(inodeOfTarget(target) ?? -1))
  } catch {
    // Not to be read.
    return false
  }
}
