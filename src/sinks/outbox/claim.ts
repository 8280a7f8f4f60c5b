/**
 * Claims: of several processes on one outbox, one works on a thing at a time, also when they are in containers of their
 * own or on machines of their own. A claim is a file NAME.N, made exclusively. Its owner touches it now and then and
 * removes it when done. One whose owner is dead is followed by NAME.(N+1), which only one can make; whoever made a file
 * and then sees a higher number, or a lower one that it did not take for dead, steps back.
 *
 * No wall clock is compared: where the owner can be looked up (same boot, same pid namespace) its life decides; elsewhere
 * a claim is dead when nobody touched it for as long as this process has been watching it.
 */
import { randomUUID } from 'node:crypto'
import { closeSync, openSync, readFileSync, statSync, unlinkSync, utimesSync, writeSync } from 'node:fs'
import path from 'node:path'
import { FILE_MODE } from '../../incident/bundle-format.js'
import { readNames } from '../../incident/bundle-list.js'
import { toDiskError } from '../../incident/disk-error.js'
import { unlinkQuietly } from '../../incident/durable-file.js'
import { isWriterAlive } from '../../incident/writer-alive.js'
import { readNamespace } from '../../platform/procfs/process.js'
import { readStat } from '../../platform/procfs/stat.js'

export interface Claim {
  /** False once somebody else took it for dead: then nothing more may be done in its name. */
  isMine(): boolean
  release(): void
}

interface Owner {
  readonly token: string
  readonly pid: number
  readonly startTicks: number | null
  readonly pidNamespace: string | null
  readonly bootId: string | null
}

export interface ClaimOptions {
  /** Untouched for so long while it was watched, an owner that can't be looked up counts as dead. */
  readonly quietMs?: number
  /** Monotonic. */
  readonly nowMs?: () => number
  readonly self?: Partial<Owner>
}

const QUIET_MS = 90_000
const TOUCH_MS = 10_000

/** What this process has seen of claims whose owners it can't look up. */
const watched = new Map<string, { readonly mtimeMs: number; readonly token: string; readonly sinceMs: number }>()

/** Null when somebody else has it. Throws ERR_STALL_DISK_FULL or ERR_STALL_DIR_UNWRITABLE. */
export function takeClaim(folder: string, name: string, options: ClaimOptions = {}): Claim | null {
  const seen = numbersOf(folder, name).map((number) => ({ number, owner: readOwner(fileOf(folder, name, number)) }))
  if (!seen.every(({ number, owner }) => isDead(fileOf(folder, name, number), owner, options))) return null
  const mine = Math.max(0, ...seen.map(({ number }) => number)) + 1
  const owner = { ...ownIdentity(), ...options.self, token: randomUUID() }
  const file = fileOf(folder, name, mine)
  if (!create(file, owner)) return null
  for (const number of numbersOf(folder, name)) {
    if (number === mine) continue
    const dead = seen.find((each) => each.number === number)
    const same = dead !== undefined && readOwner(fileOf(folder, name, number))?.token === dead.owner?.token
    if (number > mine || !same) {
      unlinkQuietly(file)
      return null
    }
  }
  for (const { number } of seen) unlinkQuietly(fileOf(folder, name, number))
  const timer = setInterval(() => touch(file), TOUCH_MS)
  timer.unref()
  return {
    isMine: () => readOwner(file)?.token === owner.token && numbersOf(folder, name).every((number) => number <= mine),
    release: () => {
      clearInterval(timer)
      if (readOwner(file)?.token === owner.token) unlinkQuietly(file)
    },
  }
}

function fileOf(folder: string, name: string, number: number): string {
  return path.join(folder, `${name}.${number}`)
}

function numbersOf(folder: string, name: string): number[] {
  return readNames(folder)
    .filter((each) => each.startsWith(`${name}.`) && /^\d{1,9}$/.test(each.slice(name.length + 1)))
    .map((each) => Number(each.slice(name.length + 1)))
}

function create(file: string, owner: Owner): boolean {
  let fd: number
  try {
    fd = openSync(file, 'wx', FILE_MODE)
  } catch (thrown) {
    if (thrown instanceof Error && 'code' in thrown && thrown.code === 'EEXIST') return false
    throw toDiskError(thrown, file)
  }
  try {
    writeSync(fd, JSON.stringify(owner))
    return true
  } catch (thrown) {
    unlinkSync(file)
    throw toDiskError(thrown, file)
  } finally {
    closeSync(fd)
  }
}

/** Null when it is gone, or not written yet. */
function readOwner(file: string): Owner | null {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Owner
  } catch {
    return null
  }
}

function isDead(
  file: string,
  owner: Owner | null,
  { quietMs = QUIET_MS, nowMs = monotonicNow }: ClaimOptions,
): boolean {
  const me = ownIdentity()
  const canLookUp = owner !== null && owner.bootId === me.bootId && owner.pidNamespace === me.pidNamespace
  if (canLookUp) return !isWriterAlive(owner)
  // After a reboot of this very machine nobody of before lives; but another machine has another boot id, too.
  const mtimeMs = mtimeOf(file)
  if (mtimeMs === null) return false
  const token = owner?.token ?? ''
  const known = watched.get(file)
  if (known?.mtimeMs === mtimeMs && known.token === token) return nowMs() - known.sinceMs >= quietMs
  watched.set(file, { mtimeMs, token, sinceMs: nowMs() })
  return false
}

function mtimeOf(file: string): number | null {
  return statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? null
}

function touch(file: string): void {
  try {
    const now = new Date()
    utimesSync(file, now, now)
  } catch {
    // Taken over: `isMine` says so before the next step.
  }
}

function monotonicNow(): number {
  return performance.now()
}

function ownIdentity(): Omit<Owner, 'token'> {
  return {
    pid: process.pid,
    startTicks: orNull(() => readStat('/proc/self').startTicks),
    pidNamespace: orNull(() => readNamespace('/proc/self', 'pid')),
    bootId: orNull(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()),
  }
}

/** Off Linux there is no /proc. */
function orNull<T>(read: () => T): T | null {
  try {
    return read()
  } catch {
    return null
  }
}
