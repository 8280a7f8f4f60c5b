/**
 * Notices that whoever started `run` is gone. npx, npm and `sh -c` die of a SIGTERM and pass nothing on: without this,
 * supervisor and worker would stay behind as orphans. A shell in which somebody typed the command, and may have left
 * it in the background on purpose, is not such a starter.
 */
import { tryReadProcText } from '../platform/procfs/read.js'

const LOOK_EVERY_MS = 500

/** Half a sentence for the log; null when nobody's end means anything. */
export function starterOf(env: NodeJS.ProcessEnv, parentCommand: string): string | null {
  if (env['npm_command'] === 'exec') return 'npx'
  if (env['npm_lifecycle_event'] !== undefined || env['npm_command'] !== undefined) return 'npm'
  const [program = '', ...args] = parentCommand.split('\0')
  const isShell = /(?:^|\/)-?(?:ba|da|a|z|k)?sh$/.test(program)
  return isShell && args.some((arg) => /^-[a-z]*c[a-z]*$/.test(arg)) ? 'the shell that started it' : null
}

/** @returns what ends the watching */
export function watchParent(env: NodeJS.ProcessEnv, gone: (starter: string) => void): () => void {
  const parent = process.ppid
  const starter = starterOf(env, tryReadProcText(`/proc/${parent}/cmdline`) ?? '')
  if (starter === null || parent === 1) return () => undefined
  const timer = setInterval(() => {
    if (process.ppid === parent) return
    clearInterval(timer)
    gone(starter)
  }, LOOK_EVERY_MS)
  timer.unref()
  return () => clearInterval(timer)
}
