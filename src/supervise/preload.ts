/**
 * How the agent gets into the worker without a change to the user's command. Knows Node's two ways of preloading;
 * deliberately not what the agent does.
 */
import path from 'node:path'

export interface WorkerCommand {
  readonly file: string
  readonly args: readonly string[]
  readonly env: NodeJS.ProcessEnv
}

/** The value of NODE_OPTIONS is split at spaces unless quoted; inside quotes `\` escapes (node's src/node_options.cc). */
function quoted(file: string): string {
  return /[\s"\\]/.test(file) ? `"${file.replace(/[\\"]/g, String.raw`\$&`)}"` : file
}

/** The user's own options stay as they are, and come first. */
export function withPreload(nodeOptions: string | undefined, agent: string): string {
  const own = nodeOptions?.trim() ?? ''
  const ours = `--require ${quoted(agent)}`
  return own === '' ? ours : `${own} ${ours}`
}

function isNode(file: string): boolean {
  return /^node(js)?(\.exe)?$/.test(path.basename(file))
}

/**
 * Always by NODE_OPTIONS, which npm, npx, tsx and shells pass on; and by `--require` too when the command is node
 * itself, because only what was asked for by name is watched before its first clock (NODE_OPTIONS reaches every tool
 * between, which should pay nothing). The agent loads once all the same.
 *
 * @param agent absolute path of the package's entry
 * @param dir where bundles go, absolute; null: as the environment says
 * @param run names this start of the worker, and comes back in its tombstone
 */
export function workerCommand(
  command: readonly [string, ...string[]],
  env: NodeJS.ProcessEnv,
  agent: string,
  dir: string | null,
  run: string,
): WorkerCommand {
  const [file, ...args] = command
  return {
    file,
    args: isNode(file) ? ['--require', agent, ...args] : args,
    env: {
      ...env,
      NODE_OPTIONS: withPreload(env['NODE_OPTIONS'], agent),
      CONDUCTOR_STALL_RUN: run,
      ...(dir === null ? {} : { CONDUCTOR_STALL_DIR: dir }),
    },
  }
}
