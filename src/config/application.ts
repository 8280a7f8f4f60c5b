/**
 * Which application a process runs: name, version and commit for the labels of an incident, from its environment, the
 * nearest package.json that has a name, and `.git`. Starts no program; every read is bounded; never throws.
 */
import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs'
import path from 'node:path'
import type { Environment } from './settings.js'
import { readSettings } from './settings.js'

export interface ApplicationQuery {
  readonly env: Environment
  /** The script that was started, absolute; null when unknown. */
  readonly entry: string | null
  readonly cwd: string | null
  /** Prefix for every path: `/proc/PID/root` when looking from outside. */
  readonly root?: string
}

export interface Application {
  readonly service: string | null
  readonly version: string | null
  readonly commit: string | null
}

/** Set by build systems and platforms; the first one found counts. */
const COMMIT_VARIABLES = [
  'GIT_COMMIT',
  'GIT_SHA',
  'COMMIT_SHA',
  'SOURCE_COMMIT',
  'SOURCE_VERSION',
  'GITHUB_SHA',
  'CI_COMMIT_SHA',
  'HEROKU_SLUG_COMMIT',
  'RENDER_GIT_COMMIT',
  'RAILWAY_GIT_COMMIT_SHA',
] as const

const MAX_FOLDERS_UP = 20
const MAX_FILE_BYTES = 1_048_576

export function readApplication(query: ApplicationQuery): Application {
  const { settings } = readSettings(query.env)
  const manifest = nearestManifest(query)
  const folder = manifest?.folder ?? query.cwd
  return {
    service: settings.service ?? manifest?.name ?? null,
    version: settings.version ?? manifest?.version ?? null,
    commit:
      commitFromEnvironment(query.env) ??
      manifest?.gitHead ??
      (folder === null ? null : commitFromGit(query.root ?? '', folder)),
  }
}

interface Manifest {
  readonly folder: string
  readonly name: string
  readonly version: string | null
  readonly gitHead: string | null
}

/** Upward from the entry's folder; without an entry, from the working directory. A package.json without a name only sets `type`. */
function nearestManifest(query: ApplicationQuery): Manifest | null {
  const start = query.entry !== null && path.isAbsolute(query.entry) ? path.dirname(query.entry) : query.cwd
  for (const folder of foldersUp(start)) {
    const text = readSmall((query.root ?? '') + path.join(folder, 'package.json'))
    const manifest = text === null ? null : parseManifest(folder, text)
    if (manifest) return manifest
  }
  return null
}

function foldersUp(start: string | null): string[] {
  const folders: string[] = []
  let folder = start
  while (folder !== null && folders.length < MAX_FOLDERS_UP) {
    folders.push(folder)
    const parent = path.dirname(folder)
    folder = parent === folder ? null : parent
  }
  return folders
}

function parseManifest(folder: string, text: string): Manifest | null {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    // Half-written or not JSON: no label from here, the next folder up may have one.
    return null
  }
  if (typeof value !== 'object' || value === null) return null
  const name = textField(value, 'name')
  if (name === null) return null
  return { folder, name, version: textField(value, 'version'), gitHead: asCommit(textField(value, 'gitHead')) }
}

function textField(value: object, key: string): string | null {
  const field: unknown = (value as Record<string, unknown>)[key]
  return typeof field === 'string' && field !== '' ? field.slice(0, 200) : null
}

function commitFromEnvironment(env: Environment): string | null {
  for (const variable of COMMIT_VARIABLES) {
    const commit = asCommit(env[variable] ?? null)
    if (commit !== null) return commit
  }
  return null
}

/** Only what looks like a commit (7 to 64 hex digits): such variables hold branch names and the like too. */
function asCommit(text: string | null): string | null {
  const trimmed = (text ?? '').trim().toLowerCase()
  return /^[0-9a-f]{7,64}$/.test(trimmed) ? trimmed : null
}

/** HEAD of the repository that holds the folder, read from `.git` (which is a file in worktrees and submodules). */
function commitFromGit(root: string, start: string): string | null {
  for (const folder of foldersUp(start)) {
    const gitFolder = gitFolderOf(root, folder)
    if (gitFolder === null) continue
    const head = readSmall(path.join(root + gitFolder, 'HEAD'))?.trim()
    if (head === undefined) continue
    if (!head.startsWith('ref: ')) return asCommit(head)
    const ref = head.slice(5).trim()
    // The name comes out of a file: it must not lead anywhere else.
    if (!/^refs\/[\w./-]+$/.test(ref) || ref.includes('..')) return null
    const shared = readSmall(path.join(root + gitFolder, 'commondir'))?.trim()
    const common = shared === undefined ? gitFolder : path.resolve(gitFolder, shared)
    return asCommit(readSmall(path.join(root + common, ref))) ?? packedRef(root + common, ref)
  }
  return null
}

function gitFolderOf(root: string, folder: string): string | null {
  const dot = path.join(folder, '.git')
  if (readSmall(path.join(root + dot, 'HEAD')) !== null) return dot
  const link = readSmall(root + dot)
  const target = link === null ? null : /^gitdir: (.+)$/m.exec(link)?.[1]
  return target === undefined || target === null ? null : path.resolve(folder, target.trim())
}

function packedRef(common: string, ref: string): string | null {
  const line = (readSmall(path.join(common, 'packed-refs')) ?? '').split('\n').find((l) => l.endsWith(` ${ref}`))
  return line === undefined ? null : asCommit(line.split(' ')[0] ?? null)
}

/** A regular file of at most 1 MiB; null for everything else, folders and devices included. */
function readSmall(file: string): string | null {
  let fd: number | undefined
  try {
    // O_NONBLOCK: a FIFO of that name must not hold us.
    fd = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK)
    const stats = fstatSync(fd)
    return stats.isFile() && stats.size <= MAX_FILE_BYTES ? readFileSync(fd, 'utf8') : null
  } catch {
    // Absent or not readable: the usual case on the way up.
    return null
  } finally {
    if (fd !== undefined) closeSync(fd)
  }
}
