/** `conductor-diag open ID`: the page of an incident, in the browser of whoever asks. */
import { spawn } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Command } from 'commander'
import { findBundle } from '../incident/bundle-list.js'
import { StallError } from '../model/stall-error.js'
import { addFolderOption, bundleFolders, type FolderOptions } from './bundle-folders.js'
import { examples } from './examples.js'
import { printLine } from './output.js'
import { openWhole, writeReport } from './write-report.js'

export function register(program: Command): void {
  const command = program
    .command('open')
    .description('the page of one incident in a browser')
    .addHelpText('after', examples('open latest', 'open 01M89Y'))
    .argument('[id]', 'its id, the beginning of it, a path, or latest', 'latest')
  addFolderOption(command).action(async (id: string, options: FolderOptions) => open(id, options))
}

async function open(id: string, options: FolderOptions): Promise<void> {
  const bundle = openWhole(findBundle(bundleFolders(options).folders, id).path)
  // A folder of our own: in the temp folder anybody may have put a link under the file's name.
  const file = path.join(mkdtempSync(path.join(tmpdir(), 'conductor-stall-')), `${bundle.id}.html`)
  writeReport(bundle, file)
  printLine(file)
  await startBrowser(process.env['BROWSER'] ?? OPENERS[process.platform] ?? 'xdg-open', file)
}

const OPENERS: Readonly<Record<string, string>> = { darwin: 'open', win32: 'explorer' }

async function startBrowser(program: string, file: string): Promise<void> {
  const child = spawn(program, [file], { stdio: 'ignore', detached: true })
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve)
    child.once('error', (cause) => {
      const help = `Open ${file} yourself, or name a program in BROWSER.`
      reject(new StallError('ERR_STALL_USAGE', `${program} could not be started`, { cause, help }))
    })
  })
  child.unref()
}
