/** Which file of a process is Node: the program itself, or the libnode.so that it loaded (Debian). Neither is run. */
import { StallError } from '../../model/stall-error.js'
import type { ElfFile } from '../elf/elf-file.js'
import { openShared } from '../elf/shared-elf.js'
import type { Mapping } from '../procfs/maps.js'
import { readExecutable } from '../procfs/process.js'
import { recognizeFile } from './recognize-file.js'

const LIBNODE = /\/libnode\.so[.\d]*$/
/** V8's postmortem constants survive strip: they are in the dynamic symbols too. */
const V8_MARK = 'v8dbg_SmiTagMask'

export interface NodeFile {
  /** Path by which it can be opened: `/proc/PID/exe`. */
  readonly file: string
  /** Path as the process's maps name it; of the program, as the kernel names it. */
  readonly path: string
  readonly isLibrary: boolean
}

/** Opened and parsed once, shared by all who read it: whoever opened it releases it. */
export interface NodeBinary extends NodeFile {
  readonly elf: ElfFile
  readonly release: () => void
}

/** Those that may hold Node, the program first. */
export function candidateFiles(root: string, mappings: readonly Mapping[]): readonly NodeFile[] {
  const program = readExecutable(root)?.path ?? mappings.find((mapping) => mapping.inode !== 0)?.path ?? ''
  const library = mappings.find((mapping) => LIBNODE.test(mapping.path))?.path
  return [
    { file: `${root}/exe`, path: program, isLibrary: false },
    ...(library === undefined ? [] : [{ file: `${root}/root${library}`, path: library, isLibrary: true }]),
  ]
}

/**
 * @param root `/proc/PID` or `/proc/self`
 * @throws StallError ERR_STALL_NOT_NODE, ERR_STALL_ELF_INVALID, ERR_STALL_PERMISSION, ERR_STALL_NO_SUCH_PROCESS
 */
export function openNodeBinary(root: string, mappings: readonly Mapping[]): NodeBinary {
  for (const candidate of candidateFiles(root, mappings)) {
    const { elf, release } = openShared(candidate.file)
    try {
      if (recognizeFile(candidate.file).kind === 'node' || elf.symbols.find([V8_MARK]).has(V8_MARK))
        return { ...candidate, elf, release }
    } catch (thrown) {
      release()
      throw thrown
    }
    release()
  }
  throw new StallError('ERR_STALL_NOT_NODE', `the program of ${root} has no V8 in it that can be recognised`, {
    help: 'conductor-diag ps lists the Node processes; doctor PID says what this one is',
  })
}
