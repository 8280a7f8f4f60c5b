/** `conductor-diag pack ID`: a bundle as one archive, to be sent or attached. */
import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs'
import path from 'node:path'
import type { Command } from 'commander'
import { packBundle } from '../export/pack-bundle.js'
import { findBundle } from '../incident/bundle-list.js'
import { toDiskError } from '../incident/disk-error.js'
import { formatBytes, plural } from '../model/amounts.js'
import { StallError } from '../model/stall-error.js'
import { printable } from '../report/terminal.js'
import { addFolderOption, bundleFolders, type FolderOptions } from './bundle-folders.js'
import { examples } from './examples.js'
import { EXIT } from './exit-codes.js'
import { noteJsonLine, printBytes, printJson, printLine, screenOf } from './output.js'

const STDOUT = '-'

interface PackCommandOptions extends FolderOptions {
  readonly output?: string
  readonly force?: boolean
  readonly json?: boolean
}

export function register(program: Command): void {
  const command = program
    .command('pack')
    .description('a bundle as one .tar.gz, its checksums compared, with a list of what was redacted')
    .addHelpText(
      'after',
      examples('pack latest', 'pack 01M89Y -o /tmp/incident.tar.gz', 'pack latest -o - | ssh host tar xz'),
    )
    .argument('[id]', 'its id, the beginning of it, a path, or latest', 'latest')
    .option('-o, --output <file>', 'where to, - for stdout (default: ID.tar.gz in this folder)')
    .option('--force', 'pack a bundle that is damaged or was never sealed, too')
    .option('--json', 'the closing line as JSON')
  addFolderOption(command).action(async (id: string, options: PackCommandOptions) => {
    process.exitCode = await pack(id, options)
  })
}

async function pack(id: string, options: PackCommandOptions): Promise<number> {
  const folder = id.includes('/') ? path.resolve(id) : findBundle(bundleFolders(options).folders, id).path
  const packed = await packBundle(folder, { force: options.force ?? false })
  const file = options.output ?? packed.name
  const sizeBytes = file === STDOUT ? await toStdout(packed.stream) : await toFile(packed.stream, file)
  const { files, redacted, problems } = packed
  const rules = Object.entries(redacted).filter(([, count]) => count > 0)
  if (options.json) {
    const answer = { schema: 1, file, sizeBytes, files: files.length, redacted, problems }
    if (file === STDOUT) noteJsonLine(answer)
    else printJson(answer)
    return EXIT.ok
  }
  const place = file === STDOUT ? 'stdout' : file
  printLine(`${place}: ${plural(files.length, 'file')}, ${formatBytes(sizeBytes)}`)
  const taken = rules.map(([rule, count]) => `${plural(count, 'value')} by ${rule}`).join(', ')
  printLine(`redacted when it was captured: ${taken === '' ? 'nothing' : printable(taken)}`)
  for (const { artifact, message } of problems) {
    printLine(`conductor-diag: ${printable(artifact)} ${printable(message)} (ERR_STALL_BUNDLE_CORRUPT)`)
  }
  return EXIT.ok
}

async function toStdout(stream: AsyncIterable<Buffer>): Promise<number> {
  if (screenOf(1).isTTY) {
    throw new StallError('ERR_STALL_USAGE', 'an archive is not for a terminal', { help: '-o FILE, or a pipe' })
  }
  let sizeBytes = 0
  for await (const chunk of stream) {
    printBytes(chunk)
    sizeBytes += chunk.length
  }
  return sizeBytes
}

/** There whole, for its owner only, or not at all. */
async function toFile(stream: AsyncIterable<Buffer>, file: string): Promise<number> {
  const writing = `${file}.writing`
  let sizeBytes = 0
  try {
    // What is left of a run that was cut off goes first; a link that somebody put there is not followed.
    rmSync(writing, { force: true })
    const fd = openSync(writing, 'wx', 0o600)
    try {
      for await (const chunk of stream) {
        for (let at = 0; at < chunk.length;) at += writeSync(fd, chunk, at)
        sizeBytes += chunk.length
      }
      fsyncSync(fd)
    } finally {
      closeSync(fd)
    }
    renameSync(writing, file)
    return sizeBytes
  } catch (thrown) {
    rmSync(writing, { force: true })
    if (thrown instanceof StallError) throw thrown
    const { code, message } = toDiskError(thrown, file)
    throw new StallError(code, message, { cause: thrown, help: '-o FILE names another place, -o - is stdout.' })
  }
}
