/** /proc/PID/status: users, tracer, signals, memory, pid namespaces, switches. */
import { readProcText } from './read.js'

export interface ProcStatus {
  /** Real and effective user ids. */
  readonly uid: number
  readonly effectiveUid: number
  readonly effectiveGid: number
  /** Process (thread group) id, as the /proc that was read numbers it. */
  readonly processId: number
  /** Who traces it with ptrace; 0 for nobody. */
  readonly tracerPid: number
  readonly residentBytes: number
  readonly swappedBytes: number
  /** The pid in each nested pid namespace, outermost first: the last is what the process calls itself. */
  readonly namespacePids: readonly number[]
  readonly voluntarySwitches: number | null
  readonly involuntarySwitches: number | null
  /** Bit n-1 stands for signal n. */
  readonly caughtSignals: bigint
  readonly ignoredSignals: bigint
  readonly blockedSignals: bigint
}

export function parseStatus(text: string): ProcStatus {
  const fields = new Map<string, string>()
  for (const line of text.split('\n')) {
    const colon = line.indexOf(':')
    if (colon > 0) fields.set(line.slice(0, colon), line.slice(colon + 1).trim())
  }
  const numbers = (name: string): number[] => (fields.get(name) ?? '').split(/\s+/).filter(Boolean).map(Number)
  const kilobytes = (name: string): number => (numbers(name)[0] ?? 0) * 1024
  const mask = (name: string): bigint => {
    const text = fields.get(name)
    return text && /^[0-9a-f]+$/i.test(text) ? BigInt(`0x${text}`) : 0n
  }
  const users = numbers('Uid')
  return {
    uid: users[0] ?? -1,
    effectiveUid: users[1] ?? -1,
    effectiveGid: numbers('Gid')[1] ?? -1,
    processId: numbers('Tgid')[0] ?? 0,
    tracerPid: numbers('TracerPid')[0] ?? 0,
    residentBytes: kilobytes('VmRSS'),
    swappedBytes: kilobytes('VmSwap'),
    namespacePids: numbers('NSpid'),
    voluntarySwitches: numbers('voluntary_ctxt_switches')[0] ?? null,
    involuntarySwitches: numbers('nonvoluntary_ctxt_switches')[0] ?? null,
    caughtSignals: mask('SigCgt'),
    ignoredSignals: mask('SigIgn'),
    blockedSignals: mask('SigBlk'),
  }
}

export function readStatus(root: string): ProcStatus {
  return parseStatus(readProcText(`${root}/status`, 16 * 1024))
}

/** Whether a signal mask of a status file holds signal `number`. */
export function hasSignal(mask: bigint, number: number): boolean {
  return ((mask >> BigInt(number - 1)) & 1n) === 1n
}
