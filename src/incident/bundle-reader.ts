/**
 * Reads bundles, trusting nothing in them: names are checked, links are not followed, sizes bound every read, sums are
 * compared. A folder that was never sealed is read too, for what its capture had written before it was cut off.
 */
import { closeSync, constants, existsSync, fstatSync, opendirSync, openSync, readSync } from 'node:fs'
import path from 'node:path'
import { INCIDENT_SCHEMA, type ArtifactRecord, type IncidentManifest } from '../model/incident.js'
import { plural } from '../model/amounts.js'
import { StallError } from '../model/stall-error.js'
import {
  isArtifactName,
  isIncidentId,
  MANIFEST_FILE,
  OPENED_FILE,
  PACKED_FILE,
  parseFolderName,
  RESERVE_FILE,
  SUMS_FILE,
  WRITING_SUFFIX,
  type OpenedRecord,
} from './bundle-format.js'
import { codeOf } from './disk-error.js'
import { manifestFault } from './manifest-shape.js'
import { assembleManifest } from './partial-manifest.js'
import { createSha256 } from './sha256.js'

export interface Bundle {
  readonly id: string
  readonly path: string
  readonly state: 'sealed' | 'partial'
  /** For a partial one: put together from what was known at the beginning and the files that are there. */
  readonly manifest: IncidentManifest
  /** Of a partial one: who writes or wrote it; null when that can't be told. */
  readonly writer: OpenedRecord['writer'] | null
}

export interface VerifyProblem {
  readonly artifact: string
  readonly message: string
}

export interface VerifyReport {
  readonly id: string
  readonly path: string
  readonly state: 'sealed' | 'partial'
  /** Files whose sums were compared. */
  readonly checked: number
  readonly problems: readonly VerifyProblem[]
  /** Files that the manifest does not know: no fault, but not vouched for. */
  readonly unlisted: readonly string[]
}

/** Ours have some kilobytes; the report's sentences and chains are in it. */
const MAX_MANIFEST_BYTES = 16 * 2 ** 20
/** More than the largest profile; what is read whole is held whole. */
const MAX_ARTIFACT_BYTES = 512 * 2 ** 20
/** Artifacts, sums and the manifest; a folder with more is none of ours. */
const MAX_FILES = 1000
const CHUNK_BYTES = 2 ** 20

/** Which incident a folder's name says it is; null for a renamed one. */
export function idOfFolder(folder: string): string | null {
  return parseFolderName(path.basename(folder))?.id ?? null
}

/** Throws ERR_STALL_BUNDLE_NOT_FOUND, or ERR_STALL_BUNDLE_CORRUPT naming the file. */
export function readBundle(folder: string): Bundle {
  const name = parseFolderName(path.basename(folder))
  if (name?.state === 'deleting') throw notFound(folder)
  if (name === null) return readRenamed(folder)
  if (name.state === 'sealed') return { ...readSealed(folder, name.id), writer: null }
  const files = listBundleFiles(folder)
  if (files.includes(MANIFEST_FILE)) return { ...readSealed(folder, name.id), state: 'partial', writer: null }
  const opened = files.includes(OPENED_FILE) ? parseOpened(readFile(folder, OPENED_FILE, MAX_MANIFEST_BYTES)) : null
  const artifacts = files.filter((file) => isArtifactName(file)).map((file) => describeFile(folder, file))
  const manifest = assembleManifest(name.id, opened, artifacts)
  return { id: name.id, path: folder, state: 'partial', manifest, writer: opened?.writer ?? null }
}

/** By its manifest alone: a list of a thousand bundles need not list the files of each. */
function readSealed(folder: string, id: string): Omit<Bundle, 'writer'> {
  let bytes: Buffer
  try {
    bytes = readFile(folder, MANIFEST_FILE, MAX_MANIFEST_BYTES)
  } catch (thrown) {
    // Says of a folder that is not there, or may not be looked into, that it is so.
    listBundleFiles(folder)
    throw thrown
  }
  return { id, path: folder, state: 'sealed', manifest: parseManifest(bytes, id) }
}

/** Unpacked from a ticket a bundle has any name: what it is stands in its manifest. Only sealed ones have one. */
function readRenamed(folder: string): Bundle {
  if (!existsSync(path.join(folder, MANIFEST_FILE))) throw notFound(folder)
  const manifest = parseManifest(readFile(folder, MANIFEST_FILE, MAX_MANIFEST_BYTES), null)
  return { id: manifest.id, path: folder, state: 'sealed', manifest, writer: null }
}

/** The bytes of one artifact, their sum compared. Throws ERR_STALL_BUNDLE_CORRUPT or _NOT_FOUND. */
export function readArtifact(bundle: Bundle, artifact: string): Buffer {
  const record = bundle.manifest.artifacts.find((known) => known.name === artifact)
  if (record === undefined) {
    throw new StallError('ERR_STALL_BUNDLE_NOT_FOUND', `incident ${bundle.id} has no artifact ${artifact}`, {
      help: `\`conductor-diag show ${bundle.id}\` lists what it has.`,
    })
  }
  const bytes = readFile(bundle.path, artifact, record.sizeBytes)
  const fault = compare(record, bytes.length, createSha256().update(bytes).digest('hex'))
  if (fault !== null) throw new DamagedFile(bundle.path, artifact, fault)
  return bytes
}

/** The same in pieces, for what need not be held whole. Throws at the end where size or sum are not as listed. */
export function streamArtifact(bundle: Bundle, record: ArtifactRecord, take: (chunk: Buffer) => void): void {
  const hash = createSha256()
  const sizeBytes = eachChunk(bundle.path, record.name, (chunk, soFar) => {
    if (soFar > record.sizeBytes)
      throw new DamagedFile(bundle.path, record.name, `is larger than ${record.sizeBytes} bytes`)
    hash.update(chunk)
    take(chunk)
  })
  const fault = compare(record, sizeBytes, hash.digest('hex'))
  if (fault !== null) throw new DamagedFile(bundle.path, record.name, fault)
}

/** Compares every sum and tells all damage, without a readable manifest too. Throws only when there is no bundle at all. */
export function verifyBundle(folder: string): VerifyReport {
  const files = listBundleFiles(folder)
  const sums = readSums(folder, files)
  let bundle: Bundle | null = null
  const problems: VerifyProblem[] = []
  try {
    bundle = readBundle(folder)
  } catch (thrown) {
    if (!(thrown instanceof StallError) || thrown.code !== 'ERR_STALL_BUNDLE_CORRUPT') throw thrown
    problems.push({ artifact: MANIFEST_FILE, message: faultText(thrown) })
  }
  const artifacts = bundle?.manifest.artifacts ?? null
  const listed = artifacts?.map((record) => record.name) ?? sums.names.filter((name) => name !== MANIFEST_FILE)
  const check = artifacts === null ? (name: string) => sumFault(folder, name, sums) : null
  for (const [index, name] of listed.entries()) {
    const record = artifacts?.[index]
    const fault = check?.(name) ?? (record === undefined ? null : faultOf(folder, record))
    if (fault !== null) problems.push({ artifact: name, message: fault })
  }
  const own =
    bundle !== null && files.includes(MANIFEST_FILE) && sums.there ? sumFault(folder, MANIFEST_FILE, sums) : null
  if (own !== null) problems.push({ artifact: MANIFEST_FILE, message: own })
  const known = new Set([...listed, MANIFEST_FILE, SUMS_FILE, OPENED_FILE, PACKED_FILE])
  const state = bundle?.state ?? 'sealed'
  return {
    id: bundle?.id ?? parseFolderName(path.basename(folder))?.id ?? path.basename(folder),
    path: folder,
    state,
    checked: listed.length + 1,
    problems,
    unlisted: files.filter((file) => !known.has(file) && !isScaffold(file, state)),
  }
}

interface Sums {
  readonly there: boolean
  readonly names: readonly string[]
  readonly of: ReadonlyMap<string, string>
}

/** `SHA256SUMS`, as far as it can be read: there is none where the disk had no room for it. */
function readSums(folder: string, files: readonly string[]): Sums {
  const of = new Map<string, string>()
  if (!files.includes(SUMS_FILE)) return { there: false, names: [], of }
  for (const line of readFile(folder, SUMS_FILE, CHUNK_BYTES).toString('utf8').split('\n')) {
    const [, sum, name] = /^([0-9a-f]{64}) [ *](.+)$/.exec(line) ?? []
    if (sum !== undefined && name !== undefined && (name === MANIFEST_FILE || isArtifactName(name))) of.set(name, sum)
  }
  return { there: true, names: [...of.keys()], of }
}

/** What SHA256SUMS says of a file, null when it agrees. */
function sumFault(folder: string, name: string, sums: Sums): string | null {
  const sum = sums.of.get(name)
  if (sum === undefined) return `is not listed in ${SUMS_FILE}`
  try {
    return describeFile(folder, name).sha256 === sum ? null : `has another SHA-256 than ${SUMS_FILE} says`
  } catch (thrown) {
    return faultText(thrown)
  }
}

/** What a capture needs while it is under way. */
function isScaffold(file: string, state: Bundle['state']): boolean {
  return state === 'partial' && (file === RESERVE_FILE || file.endsWith(WRITING_SUFFIX))
}

function faultOf(folder: string, record: ArtifactRecord): string | null {
  try {
    const found = describeFile(folder, record.name)
    return compare(record, found.sizeBytes, found.sha256)
  } catch (thrown) {
    return faultText(thrown)
  }
}

/** What is wrong with a file, to be said after its name. */
function faultText(thrown: unknown): string {
  if (thrown instanceof DamagedFile) return thrown.what
  return thrown instanceof Error ? thrown.message : String(thrown)
}

function compare(record: ArtifactRecord, sizeBytes: number, sha256: string): string | null {
  if (sizeBytes !== record.sizeBytes) return `has ${plural(sizeBytes, 'byte')}, not ${record.sizeBytes}`
  return sha256 === record.sha256 ? null : 'has another SHA-256 than the manifest says'
}

/** @param named the folder's name says which incident it has to be; null when it says nothing */
function parseManifest(bytes: Buffer, named: string | null): IncidentManifest {
  const id = named ?? 'this bundle'
  const fault = (what: string): StallError => new DamagedFile(id, MANIFEST_FILE, what)
  const value = parseObject(bytes)
  if (value === null) throw fault('is no JSON object')
  if (typeof value['schema'] !== 'number') throw fault('has no schema number')
  if (value['schema'] > INCIDENT_SCHEMA) {
    throw new StallError('ERR_STALL_BUNDLE_CORRUPT', `${id}: schema ${value['schema']} is newer than this tool`, {
      help: 'Update conductor-stall-agent.',
    })
  }
  if (typeof value['id'] !== 'string' || !isIncidentId(value['id'])) throw fault('names no incident')
  if (named !== null && value['id'] !== named) throw fault(`is that of incident ${value['id']}`)
  const wrong = manifestFault(value)
  if (wrong !== null) throw fault(wrong)
  for (const record of value['artifacts'] as unknown[]) {
    if (!isArtifactRecord(record)) throw fault('lists an artifact without a valid name, size or sum')
  }
  return value as unknown as IncidentManifest
}

function isArtifactRecord(value: unknown): value is ArtifactRecord {
  if (typeof value !== 'object' || value === null) return false
  const { name, sizeBytes, sha256, engine, tookMs, pausedMs } = value as Partial<Record<keyof ArtifactRecord, unknown>>
  const sized = typeof sizeBytes === 'number' && Number.isSafeInteger(sizeBytes) && sizeBytes >= 0
  const measured = typeof engine === 'string' && typeof tookMs === 'number' && typeof pausedMs === 'number'
  return typeof name === 'string' && isArtifactName(name) && sized && measured && /^[0-9a-f]{64}$/.test(String(sha256))
}

/** Null for anything odd: a partial bundle is read as far as it goes. */
function parseOpened(bytes: Buffer): OpenedRecord | null {
  const value = parseObject(bytes)
  const writer: unknown = value?.['writer']
  if (value === null || typeof writer !== 'object' || writer === null) return null
  if (typeof value['process'] !== 'object' || value['process'] === null || !isIncidentId(String(value['id'])))
    return null
  return value as unknown as OpenedRecord
}

function parseObject(bytes: Buffer): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8'))
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : null
  } catch {
    // The caller says which file it is.
    return null
  }
}

/** Names in a bundle's folder, sorted. Throws ERR_STALL_BUNDLE_NOT_FOUND or ERR_STALL_PERMISSION. */
export function listBundleFiles(folder: string): string[] {
  try {
    const names = namesIn(folder)
    if (names.length <= MAX_FILES) return names.sort()
  } catch (thrown) {
    throw codeOf(thrown) === 'ENOENT' || codeOf(thrown) === 'ENOTDIR' ? notFound(folder) : unreadable(folder, thrown)
  }
  throw new StallError('ERR_STALL_BUNDLE_CORRUPT', `${folder} holds more than ${MAX_FILES} files`, {
    help: 'A bundle has a few dozen: look at what else is in there.',
  })
}

/** One more than is allowed at most: a folder with millions of names is not read to its end. */
function namesIn(folder: string): string[] {
  const open = opendirSync(folder)
  try {
    const names: string[] = []
    for (let entry = open.readSync(); entry !== null; entry = open.readSync()) {
      names.push(entry.name)
      if (names.length > MAX_FILES) break
    }
    return names
  } finally {
    open.closeSync()
  }
}

/** Size and sum of a file as it is now. Throws ERR_STALL_BUNDLE_CORRUPT for what is no plain file. */
export function describeFile(folder: string, name: string): ArtifactRecord {
  const hash = createSha256()
  const sizeBytes = eachChunk(folder, name, (chunk) => hash.update(chunk))
  return { name, sizeBytes, sha256: hash.digest('hex'), engine: 'unknown', tookMs: 0, pausedMs: 0 }
}

function readFile(folder: string, name: string, maxBytes: number): Buffer {
  const chunks: Buffer[] = []
  let length = 0
  eachChunk(folder, name, (chunk) => {
    length += chunk.length
    if (length > maxBytes) throw new DamagedFile(folder, name, `is larger than ${maxBytes} bytes`)
    chunks.push(Buffer.from(chunk))
  })
  return chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks)
}

function eachChunk(folder: string, name: string, take: (chunk: Buffer, soFar: number) => void): number {
  // O_NOFOLLOW: a link in a bundle could lead anywhere. O_NONBLOCK: a FIFO must not hold us.
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK
  let fd: number
  try {
    fd = openSync(path.join(folder, name), flags)
  } catch (thrown) {
    const code = codeOf(thrown)
    if (code === 'EACCES' || code === 'EPERM') throw unreadable(path.join(folder, name), thrown)
    throw new DamagedFile(
      folder,
      name,
      code === 'ENOENT' ? 'is not there' : `can't be opened (${code ?? String(thrown)})`,
    )
  }
  try {
    const stats = fstatSync(fd)
    if (!stats.isFile()) throw new DamagedFile(folder, name, 'is not a regular file')
    // A sparse file may claim any size.
    if (stats.size > MAX_ARTIFACT_BYTES) {
      throw new DamagedFile(folder, name, `has ${stats.size} bytes, and at most ${MAX_ARTIFACT_BYTES} are read`)
    }
    // One byte more than there should be: what grew since is read all the same.
    const buffer = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, stats.size + 1))
    let total = 0
    for (;;) {
      const length = readSync(fd, buffer, 0, buffer.length, null)
      if (length === 0) return total
      total += length
      take(buffer.subarray(0, length), total)
      // Somebody writes to it for ever.
      if (total > stats.size) throw new DamagedFile(folder, name, 'grew while it was read')
    }
  } finally {
    closeSync(fd)
  }
}

/** One file of a bundle is not what it should be; `what` is said of it: `is not there`, `is no JSON object`. */
class DamagedFile extends StallError {
  readonly what: string

  constructor(folder: string, artifact: string, what: string) {
    super('ERR_STALL_BUNDLE_CORRUPT', `${artifact} of ${path.basename(folder)} ${what}`, {
      help: 'The other files can still be read; `conductor-diag verify ID` checks each.',
    })
    this.what = what
  }
}

function unreadable(where: string, cause: unknown): StallError {
  return new StallError('ERR_STALL_PERMISSION', `${where} can't be read (${codeOf(cause) ?? String(cause)})`, {
    cause,
    help: 'Bundles are private to the user whose worker wrote them: run as that user.',
  })
}

function notFound(folder: string): StallError {
  return new StallError('ERR_STALL_BUNDLE_NOT_FOUND', `there is no bundle at ${folder}`, {
    help: '`conductor-diag ls` lists the bundles.',
  })
}
