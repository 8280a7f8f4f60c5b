/**
 * Writes one bundle, crash-safe: a folder `ID.partial` in which each artifact is complete and on disk before the next
 * begins, sealed by a rename. Whatever ends the process, what was had so far is there. A full disk or a folder that
 * can't be written costs artifacts, never the capture: it is written down and handed back.
 *
 * Knows files and checksums; deliberately not what the artifacts mean.
 */
import { closeSync, openSync, writeSync } from 'node:fs'
import path from 'node:path'
import { monotonicFactory } from 'ulid'
import type { CaptureCost } from '../model/evidence.js'
import type { ClockReading } from '../model/heartbeat.js'
import { INCIDENT_SCHEMA, type ArtifactRecord, type IncidentManifest, type MissingArtifact } from '../model/incident.js'
import type { ProcessIdentity } from '../model/process-identity.js'
import { StallError, toStallError } from '../model/stall-error.js'
import type { Stall } from '../model/stall.js'
import type { Verdict } from '../model/verdict.js'
import { VERSION } from '../model/version.js'
import { readNamespace } from '../platform/procfs/process.js'
import {
  FILE_MODE,
  isArtifactName,
  OPENED_FILE,
  PARTIAL_SUFFIX,
  REPORT_FILE,
  RESERVE_FILE,
  type OpenedRecord,
} from './bundle-format.js'
import { BundleFolder } from './bundle-folder.js'
import { openArtifactPieces } from './artifact-stream.js'
import { prepareDirectory, type DirectoryCandidate } from './directory.js'
import { writeDurably } from './durable-file.js'
import { toDiskError } from './disk-error.js'
import { fingerprintOf } from './fingerprint.js'
import { findFollowed } from './follows.js'

/** How an artifact was had. */
export interface ArtifactSource {
  /** `memory`, `inspector`, `procfs`, ... */
  readonly engine: string
  readonly tookMs?: number
  readonly pausedMs?: number
}

export type ArtifactOutcome =
  | { readonly status: 'written'; readonly record: ArtifactRecord }
  | { readonly status: 'missing'; readonly missing: MissingArtifact }

export interface OpenBundleOptions {
  /** Best first (`bundleDirectories`). */
  readonly directories: readonly DirectoryCandidate[]
  /** The process that writes, so that a later one can tell a capture under way from one that was cut off. */
  readonly writer: { readonly pid: number; readonly startTicks: number | null }
  readonly process: ProcessIdentity
  readonly stall: Stall | null
  /** Most bytes of all artifacts together; no limit when left out. */
  readonly maxBytes?: number
  /** Wall clock, ms since the epoch. */
  readonly now?: () => number
}

/** What only the end of a capture knows. */
export interface SealParts {
  readonly process: ProcessIdentity
  readonly stall: Stall | null
  readonly verdicts: readonly Verdict[]
  readonly clocks: readonly ClockReading[]
  readonly cost: CaptureCost
  /** Counts by rule, from the redactor. */
  readonly redacted: Readonly<Record<string, number>>
  readonly notes?: readonly string[]
  /** The report for people, made from the manifest as it is before this last artifact. */
  readonly report?: (manifest: IncidentManifest) => string
}

export type SealOutcome =
  | { readonly status: 'sealed'; readonly path: string; readonly manifest: IncidentManifest }
  /** The folder stays, as `ID.partial`, with everything that had been written. */
  | {
      readonly status: 'unsealed'
      readonly path: string
      readonly manifest: IncidentManifest
      readonly error: StallError
    }

export interface ArtifactStream {
  /** False once the artifact failed; `end` then says why. */
  write(chunk: string | Uint8Array): boolean
  end(source: ArtifactSource): ArtifactOutcome
}

export interface BundleWriter {
  /** ULID. */
  readonly id: string
  /** The folder as it is now; `ID.partial` until sealed. */
  readonly path: string
  /** Folders that could not be used and why; also in the manifest. */
  readonly notes: readonly string[]
  /** Never throws. On disk when it returns `written`. A second artifact of the same name replaces the first. */
  addArtifact(name: string, data: string | Uint8Array, source: ArtifactSource): ArtifactOutcome
  /** For artifacts that come in pieces. */
  openArtifact(name: string): ArtifactStream
  /** Says why something is not in the bundle. */
  missing(name: string, error: StallError): void
  /** Never throws. */
  seal(parts: SealParts): SealOutcome
}

/** Enough for any manifest we write; blocks of zeros, so that the file system really allocates them. */
const RESERVE_BYTES = 262_144

const nextId = monotonicFactory()

/** Opens a bundle in the first folder that takes it; the error, which tells of each folder, when none does. Never throws. */
export function openBundle(options: OpenBundleOptions): BundleWriter | StallError {
  const now = options.now ?? Date.now
  const createdAtMs = now()
  const id = nextId(createdAtMs)
  const notes: string[] = []
  for (const candidate of options.directories) {
    let folder: BundleFolder | null = null
    try {
      prepareDirectory(candidate)
      folder = new BundleFolder(candidate.path, id)
      const opened: OpenedRecord = {
        schema: INCIDENT_SCHEMA,
        id,
        createdAt: new Date(createdAtMs).toISOString(),
        writer: { ...options.writer, pidNamespace: readNamespace('/proc/self', 'pid') },
        process: options.process,
        stall: options.stall,
      }
      writeDurably(folder.inside, OPENED_FILE, JSON.stringify(opened))
      folder.syncParent()
      reserve(folder.inside)
      return new Writer(candidate.path, folder, opened, notes, now, options.maxBytes ?? Number.POSITIVE_INFINITY)
    } catch (thrown) {
      const error = folder?.explain(thrown) ?? toDiskError(thrown, path.join(candidate.path, id + PARTIAL_SUFFIX))
      // A folder that could be made but takes no file: left there, the next start would seal it as an incident.
      folder?.discard()
      notes.push(`${candidate.path} (${candidate.from}) was not used: ${error.message}`)
    }
  }
  return new StallError(
    'ERR_STALL_DIR_UNWRITABLE',
    `no folder can hold a bundle: ${notes.join('; ') || 'none was named'}`,
    {
      help: 'Name a writable folder in CONDUCTOR_STALL_DIR.',
    },
  )
}

function reserve(folder: string): void {
  try {
    const fd = openSync(path.join(folder, RESERVE_FILE), 'wx', FILE_MODE)
    try {
      writeSync(fd, Buffer.alloc(RESERVE_BYTES))
    } finally {
      closeSync(fd)
    }
  } catch {
    // Nearly full already: artifacts will say so themselves. What could be reserved stays reserved.
  }
}

class Writer implements BundleWriter {
  readonly id: string
  path: string
  readonly notes: readonly string[]
  readonly #parent: string
  readonly #folder: BundleFolder
  readonly #opened: OpenedRecord
  readonly #now: () => number
  readonly #maxBytes: number
  readonly #artifacts = new Map<string, ArtifactRecord>()
  #missing: MissingArtifact[] = []
  #sealed: SealOutcome | null = null

  constructor(
    parent: string,
    folder: BundleFolder,
    opened: OpenedRecord,
    notes: readonly string[],
    now: () => number,
    maxBytes: number,
  ) {
    this.#folder = folder
    this.id = opened.id
    this.path = folder.path
    this.notes = notes
    this.#parent = parent
    this.#opened = opened
    this.#now = now
    this.#maxBytes = maxBytes
  }

  addArtifact(name: string, data: string | Uint8Array, source: ArtifactSource): ArtifactOutcome {
    const stream = this.openArtifact(name)
    stream.write(data)
    return stream.end(source)
  }

  openArtifact(name: string): ArtifactStream {
    const pieces = openArtifactPieces({
      folder: this.#folder.inside,
      name,
      check: () => this.#assertOpenFor(name),
      admit: (bytes) => this.#assertRoomFor(name, bytes),
    })
    return {
      write: (chunk) => pieces.write(chunk),
      end: (source) => {
        const stored = pieces.end()
        if (stored instanceof StallError) {
          return { status: 'missing', missing: this.#noteMissing(name, this.#folder.explain(stored)) }
        }
        const { engine, tookMs = 0, pausedMs = 0 } = source
        const record: ArtifactRecord = { name, ...stored, engine, tookMs, pausedMs }
        this.#artifacts.set(name, record)
        // An earlier attempt that failed is no longer worth telling.
        this.#missing = this.#missing.filter((missing) => missing.name !== name)
        return { status: 'written', record }
      },
    }
  }

  missing(name: string, error: StallError): void {
    this.#noteMissing(name, error)
  }

  seal(parts: SealParts): SealOutcome {
    this.#sealed ??= this.#seal(parts)
    return this.#sealed
  }

  #seal(parts: SealParts): SealOutcome {
    const draft = this.#manifest(parts)
    this.#addReport(parts, draft)
    const manifest = { ...draft, artifacts: [...this.#artifacts.values()], missing: this.#missing }
    try {
      this.path = this.#folder.seal(manifest)
      return { status: 'sealed', path: this.path, manifest }
    } catch (thrown) {
      return { status: 'unsealed', path: this.path, manifest, error: this.#folder.explain(thrown) }
    } finally {
      this.#folder.dispose()
    }
  }

  /** A report that can't be made or stored is one artifact less, said in the manifest. */
  #addReport(parts: SealParts, manifest: IncidentManifest): void {
    if (parts.report === undefined) return
    try {
      this.addArtifact(REPORT_FILE, parts.report(manifest), { engine: 'report' })
    } catch (thrown) {
      this.#noteMissing(REPORT_FILE, toStallError(thrown))
    }
  }

  #manifest(parts: SealParts): IncidentManifest {
    return {
      schema: INCIDENT_SCHEMA,
      id: this.id,
      createdAt: this.#opened.createdAt,
      sealedAt: new Date(this.#now()).toISOString(),
      process: parts.process,
      stall: parts.stall,
      verdicts: parts.verdicts,
      clocks: parts.clocks,
      artifacts: [...this.#artifacts.values()],
      missing: this.#missing,
      cost: parts.cost,
      redacted: parts.redacted,
      tool: { name: 'conductor-stall-agent', version: VERSION },
      fingerprint: fingerprintOf(parts.verdicts, parts.process.cwd),
      follows: findFollowed(this.#parent, { id: this.id, process: parts.process, stall: parts.stall }),
      notes: [...this.notes, ...(parts.notes ?? [])],
    }
  }

  #assertOpenFor(name: string): void {
    if (this.#sealed !== null) {
      throw new StallError('ERR_STALL_INTERNAL', `${name} came after the bundle had been sealed`)
    }
    if (!isArtifactName(name)) throw new StallError('ERR_STALL_INTERNAL', `${JSON.stringify(name)} is no artifact name`)
  }

  #assertRoomFor(name: string, bytes: number): void {
    const others = [...this.#artifacts.values()].filter((record) => record.name !== name)
    const together = others.reduce((sum, record) => sum + record.sizeBytes, bytes)
    if (together <= this.#maxBytes) return
    throw new StallError('ERR_STALL_LIMIT', `${name} would make the bundle larger than ${this.#maxBytes} bytes`, {
      help: 'Raise CONDUCTOR_STALL_MAX_DISK_MB.',
    })
  }

  #noteMissing(name: string, error: StallError): MissingArtifact {
    const missing: MissingArtifact = { name, code: error.code, message: error.message, help: error.help }
    this.#missing.push(missing)
    return missing
  }
}
