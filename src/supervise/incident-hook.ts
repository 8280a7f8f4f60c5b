/** `--on-incident CMD`: a shell command for each incident, with what is known of it as JSON on stdin and in variables. */
import { spawn } from 'node:child_process'

export interface HookedIncident {
  readonly incident: string
  readonly bundle: string | null
  readonly verdict: string | null
  readonly pid: number
  readonly reason: string
}

/** A hook that hangs must not pile up. */
const LIMIT_MS = 60_000

export class IncidentHook {
  readonly #command: string | null
  readonly #failed: (why: string) => void
  readonly #told = new Set<string>()
  readonly #running = new Set<Promise<void>>()
  readonly #pids = new Set<number>()

  /** @param command null: nothing is run */
  constructor(command: string | null, failed: (why: string) => void) {
    this.#command = command
    this.#failed = failed
  }

  /** Once an incident. Its output goes to our stderr; it never holds the restart up. */
  tell(incident: HookedIncident): void {
    if (this.#command === null || this.#told.has(incident.incident)) return
    this.#told.add(incident.incident)
    const running = this.#run(this.#command, incident).finally(() => this.#running.delete(running))
    this.#running.add(running)
  }

  /** Pids that Node waits for. */
  has(pid: number): boolean {
    return this.#pids.has(pid)
  }

  /** Until all have ended, each within its limit. */
  async settled(): Promise<void> {
    await Promise.all(this.#running)
  }

  async #run(command: string, incident: HookedIncident): Promise<void> {
    await new Promise<void>((resolve) => {
      const child = spawn('/bin/sh', ['-c', command], {
        stdio: ['pipe', 'ignore', 'inherit'],
        env: {
          ...process.env,
          CONDUCTOR_STALL_INCIDENT: incident.incident,
          CONDUCTOR_STALL_BUNDLE: incident.bundle ?? '',
          CONDUCTOR_STALL_VERDICT: incident.verdict ?? '',
        },
        timeout: LIMIT_MS,
        killSignal: 'SIGKILL',
      })
      if (child.pid !== undefined) this.#pids.add(child.pid)
      child.on('error', (error) => {
        this.#failed(error.message)
        resolve()
      })
      child.on('exit', (code, signal) => {
        if (child.pid !== undefined) this.#pids.delete(child.pid)
        if (code !== 0) this.#failed(signal === null ? `exit code ${code}` : `${signal} (it has ${LIMIT_MS / 1000} s)`)
        resolve()
      })
      // A command that reads nothing closes the pipe.
      child.stdin.on('error', () => undefined)
      child.stdin.end(`${JSON.stringify(incident)}\n`)
    })
  }
}
