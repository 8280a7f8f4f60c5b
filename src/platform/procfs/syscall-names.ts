/** System call numbers as names, for the architectures that Node's official Linux builds run on. */
import { SYSCALL_NAMES_ARM64 } from './syscall-names-arm64.js'
import { SYSCALL_NAMES_X64 } from './syscall-names-x64.js'

const TABLES: Readonly<Record<string, readonly (readonly [number, string])[]>> = {
  x64: SYSCALL_NAMES_X64,
  arm64: SYSCALL_NAMES_ARM64,
}

const expanded = new Map<string, ReadonlyMap<number, string>>()

function namesOf(arch: string): ReadonlyMap<number, string> {
  const known = expanded.get(arch)
  if (known) return known
  const names = new Map<number, string>()
  for (const [first, run] of TABLES[arch] ?? []) {
    run.split(/\s+/).forEach((name, offset) => names.set(first + offset, name))
  }
  expanded.set(arch, names)
  return names
}

/** `read`, or `syscall_467` for a number that the table does not know. */
export function syscallName(number: number, arch: string = process.arch): string {
  return namesOf(arch).get(number) ?? `syscall_${number}`
}
