/** One short name for incidents alike in kind, cause and place, so that ten of them make one ticket. */
import { createHash } from 'node:crypto'
import path from 'node:path'
import type { Verdict } from '../model/verdict.js'

/**
 * 16 hex digits; null without a verdict. The place is file (relative to the working directory, as releases unpack into
 * folders of their own) and function. The line counts only where the function has no name: it moves with every edit.
 */
export function fingerprintOf(verdict: Verdict | null, cwd: string | null): string | null {
  if (verdict === null) return null
  const where = verdict.where
  const file = where === null ? '' : stablePath(where.source?.file ?? where.file, cwd)
  const place = where === null ? '' : (where.function ?? `line ${where.source?.line ?? where.line}`)
  const text = JSON.stringify([verdict.kind, verdict.cause, file, place])
  return createHash('sha256').update(text).digest('hex').slice(0, 16)
}

function stablePath(file: string, cwd: string | null): string {
  if (cwd === null || !path.isAbsolute(file)) return file
  const relative = path.relative(cwd, file)
  return relative.startsWith('..') ? file : relative
}
