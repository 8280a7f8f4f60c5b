/** Monotonic ms that all threads of a process share (`performance.now` counts from each thread's own start). */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint() / 1000n) / 1000
}
