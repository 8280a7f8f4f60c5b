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
