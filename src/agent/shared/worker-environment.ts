/**
 * What the agent's own threads start with. A Worker runs the preloads of NODE_OPTIONS again, `execArgv: []` or not: the
 * agent would start itself, and others (tracers, loaders) would be loaded into a thread that has to stay small. So the
 * Workers' environment has no NODE_OPTIONS; the process's own, which its child processes inherit, is left alone.
 */
import { isMainThread, type WorkerOptions } from 'node:worker_threads'

export function workerEnvironment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const { NODE_OPTIONS: _preloads, ...rest } = env
  return rest
}

/** The application's script, in every thread of the agent (`threadOptions` hands it on); null in a REPL. */
export function programOf(): string | null {
  return (isMainThread ? process.argv[1] : process.argv[2]) ?? null
}

/** No flags, no standard streams (those go through the main thread, which may be blocked), nothing that holds. */
export function threadOptions(name: string, workerData: unknown): WorkerOptions {
  return {
    name,
    workerData,
    argv: [programOf()].filter((program) => program !== null),
    execArgv: [],
    env: workerEnvironment(process.env),
    stdin: false,
    // Not piped: node would open process.stdout and process.stderr of the main thread for that, which makes a pipe or
    // FIFO non-blocking, and the application's own fs.writeSync(1) fail with EAGAIN. Our threads write to neither.
    stdout: true,
    stderr: true,
  }
}
