/** Which port a process takes: side by side under `run --workers`, each its own. */

/** @param worker CONDUCTOR_STALL_WORKER: which of several, from 1 */
export function portOf(port: number, worker: string | undefined): number {
  const index = Number(worker ?? 1)
  return Number.isInteger(index) && index > 0 && port + index - 1 <= 65_535 ? port + index - 1 : port
}
