/** What runs in a process, told by its binary alone: the program's own, or the library that has Node in it. */
import { StallError } from '../../model/stall-error.js'
import { readMaps } from '../procfs/maps.js'
import { readExecutable } from '../procfs/process.js'
import { candidateFiles } from './node-binary.js'
import { recognizeFile, type Runtime } from './recognize-file.js'

export type { NodeRuntime, Runtime } from './recognize-file.js'

/** @param root `/proc/PID` or `/proc/self`. @throws StallError ERR_STALL_PERMISSION, ERR_STALL_NO_SUCH_PROCESS */
export function recognizeRuntime(root: string): Runtime {
  if (readExecutable(root) === null) {
    throw new StallError('ERR_STALL_PERMISSION', `the kernel does not show which binary ${root} runs`, {
      help: 'Run as the same user as the process, or with sudo.',
    })
  }
  const own = recognizeFile(`${root}/exe`)
  if (own.kind !== 'other') return own
  const [, library] = candidateFiles(root, readMapsQuietly(root))
  return library === undefined ? own : recognizeFile(library.file)
}

function readMapsQuietly(root: string): ReturnType<typeof readMaps> {
  try {
    return readMaps(root)
  } catch {
    // Refused: then the binary's own symbols have to be enough.
    return []
  }
}
