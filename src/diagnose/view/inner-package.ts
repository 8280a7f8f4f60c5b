/**
 * What a package does below a place of the user's: the innermost of its functions that is in (nearly) every stack. "In
 * handle itself" misleads where handle only calls `stringify(order)` and the package goes round in circles.
 */
import type { Frame } from '../../model/frame.js'
import type { VerdictPlace } from '../../model/verdict.js'
import { originOfFrame } from './blame.js'

export interface InnerPackage {
  readonly function: string
  readonly package: string
  readonly file: string
  readonly line: number | null
}

const NEARLY_ALL = 0.9

/** Null where the user's own code is what runs, or where no function of a package stays. Stacks innermost first. */
export function innerPackageOf(stacks: readonly (readonly Frame[])[], where: VerdictPlace | null): InnerPackage | null {
  const inner = stacks.flatMap((frames) => {
    const at = frames.findIndex((frame) => frame.function === where?.function && frame.file === where?.file)
    return at < 0 ? [] : [frames.slice(0, at).filter(isOfPackage)]
  })
  if (inner.length === 0) return null
  const enough = Math.ceil(inner.length * NEARLY_ALL)
  const counts = new Map<string, { readonly frame: Frame; stacks: number; depth: number }>()
  for (const frames of inner) {
    const seen = new Set<string>()
    for (const [depth, frame] of frames.entries()) {
      const key = `${frame.function}|${frame.file}`
      if (seen.has(key)) continue
      seen.add(key)
      const known = counts.get(key)
      if (known === undefined) counts.set(key, { frame, stacks: 1, depth })
      else {
        known.stacks++
        known.depth += depth
      }
    }
  }
  const [found] = [...counts.values()]
    .filter((each) => each.stacks >= enough)
    .toSorted((a, b) => a.depth / a.stacks - b.depth / b.stacks)
  if (found === undefined) return null
  const file = fileOf(found.frame)
  return {
    function: found.frame.function ?? 'an anonymous function',
    package: packageOf(file),
    file,
    line: found.frame.source?.line ?? found.frame.line,
  }
}

function isOfPackage(frame: Frame): boolean {
  return !frame.async && originOfFrame(frame) === 'dependency' && frame.function !== null
}

function fileOf(frame: Frame): string {
  return frame.source?.file ?? frame.file ?? ''
}

/** `@scope/name`, `name`: of the innermost node_modules. */
function packageOf(file: string): string {
  const rest = file.split(/[\\/]node_modules[\\/]/).at(-1) ?? ''
  const [first = '', second = ''] = rest.split(/[\\/]/)
  return first.startsWith('@') ? `${first}/${second}` : first
}

/** `decirc of fast-safe-stringify (index.js:54)`. */
export function innerText({ function: name, package: of, file, line }: InnerPackage): string {
  return `${name} of ${of} (${file.slice(file.lastIndexOf('/') + 1)}${line === null ? '' : `:${line}`})`
}
