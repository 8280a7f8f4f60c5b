/**
 * What works here, and what does not and why: the machine, the permissions, one process. Each finding is a fact with
 * the next step where there is one. Nothing is stopped, signalled or started.
 */
import { closeSync, openSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { plural } from '../model/amounts.js'
import type { Check } from '../model/check.js'
import { toStallError } from '../model/stall-error.js'
import { openMemoryTarget, memoryCapability } from '../capture/memory-target.js'
import { BUILD_TABLES } from '../platform/elf/build-table.js'
import { tryReadProcText } from '../platform/procfs/read.js'
import { hasSignal, readStatus } from '../platform/procfs/status.js'
import { CAPABILITIES, type CapabilityName, permissionWays } from './permission.js'
import { hasCapability } from './own-capabilities.js'
import { openTarget } from './target-process.js'

/** include/uapi/linux/signal.h. */
const SIGUSR1 = 10

const YAMA: Readonly<Record<string, string>> = {
  '0': 'any process of the same user may be read',
  '1': 'only own children may be read (ptrace_scope 1, the default of Ubuntu)',
  '2': 'only with CAP_SYS_PTRACE (ptrace_scope 2)',
  '3': 'nobody may read another process until the next boot (ptrace_scope 3)',
}

export function examineMachine(): Check[] {
  const findings: Check[] = []
  if (process.platform !== 'linux') {
    const text = `${process.platform}: another process can be read on Linux only`
    findings.push({ subject: 'platform', verdict: 'no', text, advice: 'preload the agent into the worker instead' })
    return findings
  }
  const { arch } = process
  findings.push(
    arch === 'x64'
      ? { subject: 'platform', verdict: 'ok', text: `linux ${arch}, Node ${process.version}` }
      : {
          subject: 'platform',
          verdict: 'warn',
          text: `linux ${arch}: the memory engine was tried on x64 only`,
          advice: '--engine inspector',
        },
  )
  findings.push(examineYama(), examineCapabilities())
  findings.push({
    subject: 'layouts',
    verdict: 'ok',
    text: `${countTables()} builds of V8 are known without asking their binaries`,
  })
  return findings
}

export function yamaScope(): string | null {
  return tryReadProcText('/proc/sys/kernel/yama/ptrace_scope', 16)?.trim() ?? null
}

function examineYama(): Check {
  const scope = yamaScope()
  if (scope === null || scope === '0') {
    return {
      subject: 'ptrace scope',
      verdict: 'ok',
      text: scope === null ? 'no Yama in this kernel' : (YAMA['0'] ?? ''),
    }
  }
  const may = hasCapability('CAP_SYS_PTRACE')
  return {
    subject: 'ptrace scope',
    verdict: may ? 'ok' : 'warn',
    text: `${YAMA[scope] ?? `ptrace_scope ${scope}`}${may ? ', which this process has' : ''}`,
    ...(may ? {} : { advice: yamaAdvice(scope) }),
  }
}

function yamaAdvice(scope: string): string {
  if (scope === '3') return 'the agent inside the worker needs no permission: node --require conductor-stall-agent'
  return 'sudo conductor-diag ..., or sudo sysctl kernel.yama.ptrace_scope=0, or start the worker with conductor-diag run; in a container: --cap-add SYS_PTRACE'
}

function examineCapabilities(): Check {
  const names = Object.keys(CAPABILITIES) as CapabilityName[]
  const had = names.filter(hasCapability)
  const who = process.getuid?.() === 0 ? 'root' : `user ${process.getuid?.()}`
  const own = { subject: 'capabilities', verdict: 'ok' } as const
  if (had.length === names.length)
    return { ...own, text: `${who} with ${had.join(' and ')}: processes of other users too` }
  if (had.length === 0) return { ...own, text: `${who}: processes of the same user` }
  // One alone opens no other user's memory.
  const missing = names.filter((name) => !had.includes(name))
  return {
    ...own,
    text: `${who} with ${had.join(' and ')}, without ${missing.join(' and ')}: processes of the same user`,
  }
}

function countTables(): number {
  try {
    return readdirSync(BUILD_TABLES).filter((name) => name.endsWith('.json')).length
  } catch {
    // A package without its tables still works, slower.
    return 0
  }
}

/** Ends with the first finding that makes the rest pointless. */
export function examineProcess(pid: number): Check[] {
  const findings: Check[] = []
  const refuse = (subject: string, thrown: unknown): Check[] => {
    const { message, help, code } = toStallError(thrown)
    return [...findings, { subject, verdict: 'no', text: message, code, ...(help === '' ? {} : { advice: help }) }]
  }
  let opened: ReturnType<typeof openTarget>
  try {
    opened = openTarget(pid)
  } catch (thrown) {
    const refused = refuse('process', thrown)
    return refused.at(-1)?.code === 'ERR_STALL_PERMISSION' ? [...refused, ...waysIn(pid)] : refused
  }
  const { target, runtime } = opened
  const root = target.procRoot ?? `/proc/${pid}`
  findings.push({
    subject: 'process',
    verdict: 'ok',
    text: `Node ${runtime.version ?? '(version unknown)'}${runtime.singleExecutable ? ', a single-executable application' : ''}`,
  })
  const status = readStatus(root)
  const capability = memoryCapability(target)
  if (capability !== 'yes') {
    findings.push({ subject: 'memory', verdict: 'no', text: capability.no, advice: '--engine inspector' })
  } else if (!canOpen(`${root}/mem`)) {
    findings.push({
      subject: 'memory',
      verdict: 'no',
      code: 'ERR_STALL_PERMISSION',
      text: `${root}/mem may not be read`,
    })
    findings.push(...waysIn(pid))
  } else {
    findings.push({ subject: 'memory', verdict: 'ok', text: 'may be read: stacks and awaits with no pause' })
    findings.push(...examineLayout(opened))
  }
  findings.push(examineInspector(status.caughtSignals, pid))
  if (status.tracerPid !== 0) {
    findings.push({ subject: 'debugger', verdict: 'warn', text: `process ${status.tracerPid} traces it with ptrace` })
  }
  return findings
}

/** As one word of a command line that somebody will copy. */
function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`
}

/** What would work, each with its command. */
function waysIn(pid: number): Check[] {
  const names = Object.keys(CAPABILITIES) as CapabilityName[]
  const ways = permissionWays({
    pid,
    command: `${shellWord(process.execPath)} ${shellWord(path.resolve(__dirname, '../../bin/conductor-diag.js'))}`,
    ownUid: process.getuid?.() ?? 0,
    owner: readStatus(`/proc/${pid}`).uid,
    capabilities: new Set(names.filter(hasCapability)),
    yama: yamaScope(),
    inUserNamespace: !/^\s*0\s+0\s+4294967295\s*$/.test(
      tryReadProcText('/proc/self/uid_map', 4096) ?? '0 0 4294967295',
    ),
  })
  return ways.map((way) => ({ ...way, verdict: 'warn' }))
}

function examineLayout({ target, runtime }: ReturnType<typeof openTarget>): Check[] {
  try {
    const memory = openMemoryTarget(target, { calibrate: 'never' })
    try {
      const { matched, unmatched } = memory.isolates()
      const { layout, origin } = memory.layout
      const threads = plural(matched.length, 'JavaScript thread')
      return [
        { subject: 'layout', verdict: 'ok', text: `V8 ${layout.v8 ?? layout.family}, ${ORIGINS[origin]}` },
        unmatched === 0
          ? { subject: 'isolates', verdict: 'ok', text: threads }
          : {
              subject: 'isolates',
              verdict: 'warn',
              text: `${threads}, ${plural(unmatched, 'isolate')} without a known thread`,
            },
      ]
    } finally {
      memory.dispose()
    }
  } catch (thrown) {
    const { message, code, help } = toStallError(thrown)
    const advice =
      code === 'ERR_STALL_V8_LAYOUT_UNKNOWN' && !runtime.singleExecutable
        ? 'dump starts the same binary once to learn it, when it is called node; --calibrate whatever it is called'
        : help
    return [{ subject: 'layout', verdict: 'no', text: message, code, advice }]
  }
}

const ORIGINS = {
  shipped: 'known: its table came with this package',
  cached: 'known: learnt before',
  symbols: 'known from the symbols of its binary',
  calibrated: 'learnt by calibration',
} as const

function examineInspector(caught: bigint, pid: number): Check {
  return hasSignal(caught, SIGUSR1)
    ? {
        subject: 'inspector',
        verdict: 'ok',
        text: 'opens on SIGUSR1, which is only sent with --engine inspector or where memory cannot be read',
      }
    : {
        subject: 'inspector',
        verdict: 'warn',
        text: `process ${pid} has no handler for SIGUSR1: the signal would end it, and is not sent`,
      }
}

function canOpen(path: string): boolean {
  try {
    closeSync(openSync(path, 'r'))
    return true
  } catch {
    // Which errno it is says less than who owns the process and what Yama allows.
    return false
  }
}
