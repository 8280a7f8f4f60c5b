/** Where bundles will go, told at the start: a folder that can't be used is better known before the first stall. */
import { accessSync, constants } from 'node:fs'
import path from 'node:path'
import { bundleDirectories, type DirectoryCandidate } from '../../incident/directory.js'
import { isContainerLayer, isKernels, isRemote, mountOf } from '../../platform/procfs/mounts.js'

export interface BundlePlace {
  /** Null: no folder can be written. */
  readonly folder: string | null
  /** One sentence each, for the log. */
  readonly warnings: readonly string[]
}

type Environment = Readonly<Record<string, string | undefined>>

/** @param configured the setting `dir` */
export function bundlePlace(env: Environment, configured: string | null): BundlePlace {
  const warnings: string[] = []
  for (const candidate of bundleDirectories(env, configured)) {
    const mount = mountOf(candidate.path)
    const problem = isKernels(mount) ? `${mount?.type} takes no folders` : whyNotWritable(candidate, isRemote(mount))
    if (problem === null) {
      if (isContainerLayer(mount)) {
        warnings.push(
          `bundles go to ${candidate.path}, which is gone with this container: mount a volume and name it in CONDUCTOR_STALL_DIR`,
        )
      }
      return { folder: candidate.path, warnings }
    }
    // The usual places are tried in turn, and nobody has asked for the first of them by name.
    if (candidate.from === 'CONDUCTOR_STALL_DIR') {
      warnings.push(`CONDUCTOR_STALL_DIR=${candidate.path} can't be used (${problem}); bundles go elsewhere`)
    }
  }
  return { folder: null, warnings: [...warnings, 'no folder for bundles can be written: set CONDUCTOR_STALL_DIR'] }
}

function whyNotWritable({ path: folder }: DirectoryCandidate, remote: boolean): string | null {
  // Its server may be away, and this thread must not wait for it: the first capture finds out.
  if (remote) return null
  for (let at = folder; ; at = path.dirname(at)) {
    try {
      accessSync(at, constants.W_OK | constants.X_OK)
      return null
    } catch (thrown) {
      const code = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : String(thrown)
      if (code !== 'ENOENT' || at === path.dirname(at)) return code
    }
  }
}
