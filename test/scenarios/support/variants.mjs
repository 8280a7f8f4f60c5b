// Two variants of each program: other names, other files, another depth of calls. What a verdict must name is read off
// the marks in the program, so that it can't be told wrong by hand.
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'

const SUPPORT = import.meta.dirname
const PROGRAMS = path.join(SUPPORT, '../programs')
const VERBS = ['settle', 'gather', 'probe', 'weigh', 'mend', 'sift', 'route', 'stack', 'trace', 'bind', 'fold', 'rank']
const NOUNS = ['Shelf', 'Parcel', 'Ticket', 'Meter', 'Valve', 'Ledge', 'Crate', 'Beacon', 'Tariff', 'Sample', 'Lane']

export const VARIANTS = ['a', 'b']

/** `w_readHeader` becomes `readHeader` in variant a, and a word of its own in b. */
export function rename(name, variant) {
  const plain = name.replace(/^w_/, '')
  if (variant === 'a' || plain === name) return plain
  const digest = createHash('sha256').update(plain).digest()
  const word = `${VERBS[digest[0] % VERBS.length]}${NOUNS[digest[1] % NOUNS.length]}${digest[2] % 10}`
  return /^[A-Z]/.test(plain) ? word[0].toUpperCase() + word.slice(1) : word
}

function transform(text, variant) {
  const renamed = text
    .replace(/\bw_\w+/g, (name) => rename(name, variant))
    .replace(/#w_\w+/g, (name) => `#${rename(name.slice(1), variant)}`)
  return variant === 'a' ? renamed : `// Generated from the same program.\n'use strict'\n\n${renamed}`
}

/**
 * Writes one variant of `program` into `folder`.
 * @returns entry (the file to run), program (its path relative to the entry), file and lines that a verdict may name
 */
export function writeVariant(program, variant, folder) {
  const inner = path.join(folder, variant === 'a' ? 'src' : 'app/lib/tasks')
  const outer = variant === 'a' ? inner : path.join(folder, 'app')
  mkdirSync(inner, { recursive: true })
  const text = transform(readFileSync(path.join(PROGRAMS, `${program}.cjs`), 'utf8'), variant)
  const file = path.join(inner, variant === 'a' ? `${program}.cjs` : `${rename(`w_${program}`, 'b')}.cjs`)
  writeFileSync(file, text)
  writeFileSync(
    path.join(outer, 'worker-env.cjs'),
    transform(readFileSync(path.join(SUPPORT, 'worker-env.cjs'), 'utf8'), variant),
  )
  const loop = variant === 'a' ? 'loop-a.cjs' : 'loop-b.mjs'
  const entry = path.join(outer, variant === 'a' ? 'worker.cjs' : 'service.mjs')
  const source = readFileSync(path.join(SUPPORT, loop), 'utf8')
  writeFileSync(
    entry,
    variant === 'a'
      ? transform(source, 'a')
      : source.replace(/#?w_\w+/g, (name) => (name.startsWith('#') ? '#' : '') + rename(name.replace('#', ''), 'b')),
  )
  const modules = path.join(SUPPORT, '../../../node_modules')
  symlinkSync(modules, path.join(folder, 'node_modules'))
  const lines = text.split('\n').flatMap((line, index) => (line.includes('// @here') ? [index + 1] : []))
  return { entry, program: `./${path.relative(outer, file)}`, file, lines }
}
