/**
 * The control group of a process, version 1 or 2: CPU quota and throttling, memory limit and pressure, freezer.
 * A limit may sit on any ancestor: the tightest one that the reader can see is told.
 */
import type { CgroupState } from '../../model/kernel.js'
import { tryReadProcText } from './read.js'
import { parsePressureTotalMs } from './pressure.js'

/** One line of /proc/PID/cgroup. */
export interface CgroupMembership {
  readonly hierarchy: number
  /** Empty for version 2. */
  readonly controllers: readonly string[]
  readonly path: string
}

export interface CgroupMount {
  readonly type: 'cgroup' | 'cgroup2'
  readonly mountPoint: string
  /** Which folder of the hierarchy is mounted there; not `/` in a container without a cgroup namespace. */
  readonly root: string
  readonly options: readonly string[]
}

/** Null where the process has no cgroup that the reader can see (not mounted, another namespace's). */
export function readCgroup(root: string): CgroupState | null {
  const memberships = parseMemberships(tryReadProcText(`${root}/cgroup`, 64 * 1024) ?? '')
  // The reader's own mounts: the files are opened in its mount namespace.
  const mounts = parseCgroupMounts(tryReadProcText('/proc/self/mountinfo', 1024 * 1024) ?? '')
  return cgroupState(memberships, mounts, (path) => tryReadProcText(path, 16 * 1024))
}

/** Text of a file or null: tests pass recorded ones. */
export type ReadText = (path: string) => string | null

export function cgroupState(
  memberships: readonly CgroupMembership[],
  mounts: readonly CgroupMount[],
  read: ReadText,
): CgroupState | null {
  const byController = (name: string) => folderFor(memberships, mounts, name)
  const cpu = byController('cpu')
  const memory = byController('memory')
  if (cpu !== null || memory !== null) return stateV1(cpu, memory, byController('freezer'), read)
  const unified = folderFor(memberships, mounts, null)
  return unified === null ? null : stateV2(unified, read)
}

/** A group's own folder and its ancestors up to the mount, innermost first. */
interface GroupFolders {
  readonly path: string
  readonly folders: readonly string[]
}

function folderFor(
  memberships: readonly CgroupMembership[],
  mounts: readonly CgroupMount[],
  controller: string | null,
): GroupFolders | null {
  const membership = memberships.find((each) =>
    controller === null ? each.controllers.length === 0 && each.hierarchy === 0 : each.controllers.includes(controller),
  )
  const mount = mounts.find((each) =>
    controller === null ? each.type === 'cgroup2' : each.type === 'cgroup' && each.options.includes(controller),
  )
  if (membership === undefined || mount === undefined) return null
  // `/..` at the start: outside of our cgroup namespace. Only what is mounted can be read.
  const below = membership.path.startsWith(mount.root === '/' ? '/' : `${mount.root}/`)
    ? membership.path.slice(mount.root === '/' ? 0 : mount.root.length)
    : '/'
  const parts = below.split('/').filter((part) => part !== '' && part !== '..')
  const folders = parts.map((_, index) => `${mount.mountPoint}/${parts.slice(0, parts.length - index).join('/')}`)
  return { path: membership.path, folders: [...folders, mount.mountPoint] }
}

interface Throttling {
  readonly cpuQuota: number | null
  readonly periods: number
  readonly throttledPeriods: number
  readonly throttledMs: number
}

const NO_THROTTLING: Throttling = { cpuQuota: null, periods: 0, throttledPeriods: 0, throttledMs: 0 }

function stateV1(cpu: GroupFolders | null, memory: GroupFolders | null, freezer: GroupFolders | null, read: ReadText) {
  const throttling = tightest((cpu?.folders ?? []).map((folder) => throttlingV1(folder, read)))
  const frozen = (freezer?.folders ?? []).map((folder) => read(`${folder}/freezer.state`)?.trim() ?? null)
  return {
    version: 1 as const,
    path: cpu?.path ?? memory?.path ?? '/',
    ...throttling,
    memoryLimitBytes: smallest(
      (memory?.folders ?? []).map((folder) => limitV1(read(`${folder}/memory.limit_in_bytes`))),
    ),
    memoryUsedBytes: numberOf(read(`${memory?.folders[0] ?? ''}/memory.usage_in_bytes`)),
    memoryStallMs: null,
    cpuStallMs: null,
    frozen: frozen.every((state) => state === null) ? null : frozen.includes('FROZEN'),
  }
}

function throttlingV1(folder: string, read: ReadText): Throttling {
  const quota = numberOf(read(`${folder}/cpu.cfs_quota_us`))
  const period = numberOf(read(`${folder}/cpu.cfs_period_us`))
  const stat = fieldsOf(read(`${folder}/cpu.stat`))
  return {
    cpuQuota: quota === null || period === null || quota < 0 ? null : quota / period,
    periods: stat.get('nr_periods') ?? 0,
    throttledPeriods: stat.get('nr_throttled') ?? 0,
    throttledMs: (stat.get('throttled_time') ?? 0) / 1e6,
  }
}

function stateV2(group: GroupFolders, read: ReadText): CgroupState {
  const own = group.folders[0] ?? ''
  const memoryPressure = read(`${own}/memory.pressure`)
  const cpuPressure = read(`${own}/cpu.pressure`)
  const events = fieldsOf(read(`${own}/cgroup.events`))
  return {
    version: 2,
    path: group.path,
    ...tightest(group.folders.map((folder) => throttlingV2(folder, read))),
    memoryLimitBytes: smallest(group.folders.map((folder) => numberOf(read(`${folder}/memory.max`)))),
    memoryUsedBytes: numberOf(read(`${own}/memory.current`)),
    memoryStallMs: memoryPressure === null ? null : parsePressureTotalMs(memoryPressure, 'full'),
    cpuStallMs: cpuPressure === null ? null : parsePressureTotalMs(cpuPressure, 'some'),
    frozen: events.has('frozen') ? events.get('frozen') === 1 : null,
  }
}

function throttlingV2(folder: string, read: ReadText): Throttling {
  const [quota, period] = (read(`${folder}/cpu.max`) ?? 'max').trim().split(' ')
  const stat = fieldsOf(read(`${folder}/cpu.stat`))
  return {
    cpuQuota: quota === 'max' || period === undefined ? null : Number(quota) / Number(period),
    periods: stat.get('nr_periods') ?? 0,
    throttledPeriods: stat.get('nr_throttled') ?? 0,
    throttledMs: (stat.get('throttled_usec') ?? 0) / 1e3,
  }
}

function tightest(levels: readonly Throttling[]): Throttling {
  const limited = levels.filter((level) => level.cpuQuota !== null)
  return (
    limited.reduce<Throttling | null>(
      (best, level) => (best === null || (level.cpuQuota ?? 0) < (best.cpuQuota ?? 0) ? level : best),
      null,
    ) ??
    levels[0] ??
    NO_THROTTLING
  )
}

/** Version 1 writes "no limit" as the largest multiple of a page. */
function limitV1(text: string | null): number | null {
  const bytes = numberOf(text)
  return bytes === null || bytes > 2 ** 60 ? null : bytes
}

function smallest(values: readonly (number | null)[]): number | null {
  const numbers = values.filter((value) => value !== null)
  return numbers.length === 0 ? null : Math.min(...numbers)
}

function numberOf(text: string | null): number | null {
  return text !== null && /^\s*-?\d+\s*$/.test(text) ? Number(text) : null
}

function fieldsOf(text: string | null): Map<string, number> {
  const fields = new Map<string, number>()
  for (const line of (text ?? '').split('\n')) {
    const match = /^(\S+) (\d+)$/.exec(line)
    if (match?.[1] !== undefined) fields.set(match[1], Number(match[2]))
  }
  return fields
}

export function parseMemberships(text: string): CgroupMembership[] {
  const memberships: CgroupMembership[] = []
  for (const line of text.split('\n')) {
    const match = /^(\d+):([^:]*):(.*)$/.exec(line)
    if (match === null) continue
    memberships.push({
      hierarchy: Number(match[1]),
      controllers: (match[2] ?? '').split(',').filter(Boolean),
      path: match[3] ?? '/',
    })
  }
  return memberships
}

/** Fields as in proc_pid_mountinfo(5): id parent device root mountpoint options [tags] - type source superoptions. */
export function parseCgroupMounts(text: string): CgroupMount[] {
  const mounts: CgroupMount[] = []
  for (const line of text.split('\n')) {
    const [before = '', after = ''] = line.split(' - ')
    const [type, , options = ''] = after.split(' ')
    const [, , , root = '/', mountPoint] = before.split(' ')
    if ((type !== 'cgroup' && type !== 'cgroup2') || mountPoint === undefined) continue
    mounts.push({ type, root: unescapeOctal(root), mountPoint: unescapeOctal(mountPoint), options: options.split(',') })
  }
  return mounts
}

/** Spaces in paths are written `\040`. */
function unescapeOctal(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)))
}
