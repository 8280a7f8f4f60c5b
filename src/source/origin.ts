/**
 * Where a frame's code comes from, told by its file name alone: blame falls on user code only, and reports fold the
 * rest. Knows nothing of what a frame does.
 */
import path from 'node:path'
import type { FrameOrigin } from '../model/frame.js'

/** This package's own compiled code, wherever it was loaded from: `dist/` beside package.json. */
const OWN_CODE = `${path.resolve(__dirname, '..')}${path.sep}`

const AGENT_IN_MODULES = /[\\/]node_modules[\\/]conductor-stall-agent[\\/]/
const DEPENDENCY = /[\\/]node_modules[\\/]|[\\/]\.pnpm[\\/]|[\\/]\.yarn[\\/](?:cache|unplugged|__virtual__)[\\/]/
const NODE_INTERNAL = /^(?:node:|internal\/)/
/** Shared objects and compiled addons: a frame in them is native code. */
const SHARED_OBJECT = /\.(?:node|so(?:\.[\d.]+)?|dylib)$/

/**
 * Origin of the code in `file` (an absolute path, `node:fs`, `[eval]`, or null as in `Frame.file`).
 * `unknown` only without a name; code given to `eval`, `-e` or `vm` is the user's.
 */
export function originOf(file: string | null): FrameOrigin {
  if (file === null || file === '') return 'unknown'
  if (NODE_INTERNAL.test(file)) return 'node'
  if (AGENT_IN_MODULES.test(file) || file.startsWith(OWN_CODE)) return 'agent'
  if (SHARED_OBJECT.test(file)) return 'native'
  return DEPENDENCY.test(file) ? 'dependency' : 'user'
}

/** The folder of the package that a file belongs to; null for the application's own code. */
export function packageOf(file: string | null): string | null {
  if (file === null) return null
  if (file.startsWith('node:')) return 'node:'
  const at = file.lastIndexOf('/node_modules/')
  if (at < 0) return null
  const rest = file.slice(at + 14).split('/')
  return rest[0]?.startsWith('@') === true ? `${rest[0]}/${rest[1] ?? ''}` : (rest[0] ?? null)
}
