/** Where the commands that work on bundles look for them: `--dir`, else wherever a worker with these settings puts them. */
import type { Command } from 'commander'
import { readSettingsWithFile } from '../config/settings-file.js'
import type { Settings } from '../config/settings-table.js'
import { bundleDirectories, type DirectoryCandidate, existingDirectories } from '../incident/directory.js'
import { StallError } from '../model/stall-error.js'
import { printLine } from './output.js'

export interface FolderOptions {
  readonly dir?: string
}

export function addFolderOption(command: Command): Command {
  return command.option('--dir <folder>', 'where the bundles are (default: CONDUCTOR_STALL_DIR, else the usual places)')
}

export interface BundleFolders {
  /** Those that exist, best first. */
  readonly folders: readonly string[]
  /** All that were looked at. */
  readonly looked: readonly string[]
  readonly settings: Settings
}

/** Throws ERR_STALL_BUNDLE_NOT_FOUND when `--dir` names what is not there; tells of wrong settings on stderr. */
export function bundleFolders(options: FolderOptions, env: NodeJS.ProcessEnv = process.env): BundleFolders {
  const { settings, warnings, env: merged } = readSettingsWithFile(env)
  for (const warning of warnings) printLine(`conductor-diag: ${warning}`)
  const candidates =
    options.dir === undefined ? placesOf(merged, settings.dir) : [{ path: options.dir, from: '--dir', shared: false }]
  const folders = existingDirectories(candidates)
  if (options.dir !== undefined && folders.length === 0) {
    throw new StallError('ERR_STALL_BUNDLE_NOT_FOUND', `there is no folder ${options.dir}`)
  }
  return { folders, looked: candidates.map((candidate) => candidate.path), settings }
}

/** A folder that somebody named is where they want to look; another one would show somebody else's incidents. */
function placesOf(env: NodeJS.ProcessEnv, dir: string | null): readonly DirectoryCandidate[] {
  const places = bundleDirectories(env, dir)
  return dir === null ? places : places.slice(0, 1)
}
