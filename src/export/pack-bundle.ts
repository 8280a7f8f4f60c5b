/**
 * A bundle as one archive, `ID.tar.gz`, that GNU tar unpacks: the bundle's own files, checked against their sums before
 * they leave, and `PACKED.txt`, which tells whoever receives it what it is and what was taken out. The same bundle makes
 * the same bytes.
 */
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'
import path from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import type { TarSource } from 'modern-tar/fs'
import { isArtifactName, MANIFEST_FILE, OPENED_FILE, PACKED_FILE, SUMS_FILE } from '../incident/bundle-format.js'
import { type Bundle, listBundleFiles, readBundle, verifyBundle, type VerifyReport } from '../incident/bundle-reader.js'
import { plural } from '../model/amounts.js'
import { StallError } from '../model/stall-error.js'

const CHUNK_BYTES = 262_144

export interface PackOptions {
  /** Pack what there is, also where a file is damaged or the bundle was never sealed. */
  readonly force?: boolean
}

export interface PackedBundle {
  /** `ID.tar.gz`. */
  readonly name: string
  /** The archive, gzipped. Destroyed with an error when a file can't be read after all. */
  readonly stream: Readable
  readonly files: readonly string[]
  /** How many values were taken out before anything was stored, by rule. */
  readonly redacted: Readonly<Record<string, number>>
  readonly problems: VerifyReport['problems']
}

/**
 * @param folder of the bundle
 * @throws ERR_STALL_BUNDLE_CORRUPT or ERR_STALL_BUNDLE_UNSEALED unless `force`, ERR_STALL_BUNDLE_NOT_FOUND
 */
export async function packBundle(folder: string, { force = false }: PackOptions = {}): Promise<PackedBundle> {
  const report = verifyBundle(folder)
  if (!force) assertWhole(report)
  const bundle = readIfPossible(folder)
  const files = listBundleFiles(folder).filter((file) => isOurs(file) && isPlainFile(path.join(folder, file)))
  const mtime = new Date(bundle?.manifest.createdAt ?? 0)
  const common = { mtime: Number.isNaN(mtime.getTime()) ? new Date(0) : mtime, mode: 0o600, uid: 0, gid: 0 }
  const redacted = bundle?.manifest.redacted ?? {}
  const sources: TarSource[] = [
    ...files.map((file): TarSource => fileSource(folder, file, `${report.id}/${file}`, common)),
    { type: 'content', target: `${report.id}/${PACKED_FILE}`, content: noteText(report, bundle, files), ...common },
  ]
  const { packTar } = await import('modern-tar/fs')
  const stream = new PassThrough()
  // A failure reaches whoever reads the stream.
  pipeline(packTar(sources, { concurrency: 1 }), createGzip({ level: 9 }), stream).catch(() => undefined)
  return { name: `${report.id}.tar.gz`, stream, files, redacted, problems: report.problems }
}

function assertWhole(report: VerifyReport): void {
  const help = '`conductor-diag verify ID` lists what is wrong; `conductor-diag pack ID --force` packs what is there.'
  const [first] = report.problems
  if (first !== undefined) {
    const more = report.problems.length > 1 ? `, and ${plural(report.problems.length - 1, 'more problem')}` : ''
    throw new StallError(
      'ERR_STALL_BUNDLE_CORRUPT',
      `incident ${report.id} was not packed: ${first.artifact} ${first.message}${more}`,
      { help },
    )
  }
  if (report.state === 'sealed') return
  throw new StallError('ERR_STALL_BUNDLE_UNSEALED', `incident ${report.id} was not packed: it is not sealed`, { help })
}

function readIfPossible(folder: string): Bundle | null {
  try {
    return readBundle(folder)
  } catch {
    // With `force`: the files are packed without what their manifest would say.
    return null
  }
}

function isOurs(file: string): boolean {
  return file === MANIFEST_FILE || file === SUMS_FILE || file === OPENED_FILE || isArtifactName(file)
}

/** No links, which could lead anywhere, and no pipes. */
function isPlainFile(file: string): boolean {
  try {
    const fd = openPlain(file)
    try {
      return fstatSync(fd).isFile()
    } finally {
      closeSync(fd)
    }
  } catch {
    // Gone, a link, or not to be read: `verify` has told of it, and only `force` comes here.
    return false
  }
}

function openPlain(file: string): number {
  return openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
}

function fileSource(folder: string, file: string, target: string, common: object): TarSource {
  const place = path.join(folder, file)
  const fd = openPlain(place)
  const { size } = fstatSync(fd)
  closeSync(fd)
  return { type: 'stream', target, content: Readable.from(chunksOf(place, size)), size, ...common }
}

/** Opened when its turn comes, so that a folder of ten thousand files takes one descriptor. */
function* chunksOf(place: string, size: number): Generator<Buffer> {
  const fd = openPlain(place)
  try {
    for (let at = 0; at < size;) {
      const chunk = Buffer.alloc(Math.min(CHUNK_BYTES, size - at))
      const got = readSync(fd, chunk, 0, chunk.length, at)
      if (got === 0) throw new StallError('ERR_STALL_BUNDLE_CORRUPT', `${place} became shorter while it was packed`)
      at += got
      yield chunk.subarray(0, got)
    }
  } finally {
    closeSync(fd)
  }
}

function noteText(report: VerifyReport, bundle: Bundle | null, files: readonly string[]): string {
  const rules = Object.entries(bundle?.manifest.redacted ?? {}).filter(([, count]) => count > 0)
  const lines = [
    `Incident ${report.id}, packed by conductor-stall-agent.`,
    '',
    files.includes('report.md') ? 'Read report.md first.' : 'incident.json has the verdict.',
    'Check the files with: sha256sum -c SHA256SUMS',
    '',
    rules.length === 0
      ? 'Nothing was recognised as a secret and taken out.'
      : 'Taken out before anything was stored, and replaced by [redacted:RULE]:',
    ...rules.map(([rule, count]) => `  ${rule}: ${plural(count, 'value')}`),
    ...(report.problems.length === 0 ? [] : ['', 'Packed although it is damaged:']),
    ...report.problems.map(({ artifact, message }) => `  ${artifact} ${message}`),
  ]
  return `${lines.join('\n')}\n`
}
