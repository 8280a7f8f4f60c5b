/** Which capabilities this command has: asked in one place, so that `ps`, `dump` and `doctor` say the same. */
import { tryReadProcText } from '../platform/procfs/read.js'
import { CAPABILITIES, type CapabilityName } from './permission.js'

export function hasCapability(name: CapabilityName): boolean {
  const mask = /^CapEff:\s*([0-9a-f]+)/m.exec(tryReadProcText('/proc/self/status', 16 * 1024) ?? '')?.[1]
  return mask !== undefined && ((BigInt(`0x${mask}`) >> BigInt(CAPABILITIES[name])) & 1n) === 1n
}

/** Of those that reading another process takes: `CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH`; null when all are there. */
export function missingCapabilities(): string | null {
  const missing = (Object.keys(CAPABILITIES) as CapabilityName[]).filter((name) => !hasCapability(name))
  return missing.length === 0 ? null : missing.toSorted().toReversed().join(' and ')
}

/** What would help somebody whom the kernel refuses, half a sentence. */
export function wayPast(): string {
  const missing = missingCapabilities()
  if (missing === null) return 'all capabilities are there, so a security module or a user namespace protects it'
  if (process.geteuid?.() === 0) return `root lacks ${missing} here`
  return `run it with sudo; in a container it needs ${missing}`
}
