/** The imports between the files of src/, read as text: what the tests of the house's rules count. */
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'

export const SRC = path.resolve(__dirname, '../../../src')

export interface Import {
  /** Paths below src/, with `.ts`. */
  readonly from: string
  /** A path below src/ with `.ts`, `node:x`, or the name of a package. */
  readonly to: string
  /** Erased by the compiler: loads nothing. */
  readonly typeOnly: boolean
}

const IMPORT =
  /^(?:import|export)\s+(type\s)?(?:([^'"]*?)\sfrom\s+)?['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]\s*\)|\brequire\(\s*['"]([^'"]+)['"]\s*\)/gm

export function sourceFiles(): string[] {
  return readdirSync(SRC, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => file.split(path.sep).join('/'))
}

export function importsOf(file: string, text = readFileSync(path.join(SRC, file), 'utf8')): Import[] {
  return [...text.matchAll(IMPORT)].map((match) => {
    const [, type, names, specifier, dynamic, required] = match
    const target = specifier ?? dynamic ?? required ?? ''
    return { from: file, to: resolved(file, target), typeOnly: type !== undefined || namesOnlyTypes(names) }
  })
}

function namesOnlyTypes(names: string | undefined): boolean {
  const inner = /^\{([^}]*)\}$/s.exec(names?.trim() ?? '')?.[1]
  if (inner === undefined) return false
  const parts = inner.split(',').map((part) => part.trim())
  return parts.filter((part) => part !== '').every((part) => part.startsWith('type '))
}

function resolved(from: string, specifier: string): string {
  if (!specifier.startsWith('.'))
    return specifier.replace(/^((?:@[^/]+\/)?[^/]+)\/.*$/, (all, name: string) =>
      specifier.startsWith('node:') ? all : name,
    )
  return path.posix.join(path.posix.dirname(from), specifier).replace(/\.js$/, '.ts')
}
