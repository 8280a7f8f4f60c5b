/** Signals that reach the supervisor: which end the worker, which are only passed on, and the terminal's stop. */

/** Asked to end: passed on, and no restart afterwards. */
const ENDING = ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT'] as const
/** Passed on as they are. SIGUSR1 too: whoever sends it means the worker, not this process. */
const PASSED_ON = ['SIGUSR1', 'SIGUSR2', 'SIGWINCH'] as const

export interface SignalHandlers {
  end(signal: NodeJS.Signals): void
  passOn(signal: NodeJS.Signals): void
  /** Ctrl-Z: the worker has a session of its own and would run on. */
  stop(): void
  resume(): void
}

/** @returns a function that takes all handlers away again. */
export function handleSignals(handlers: SignalHandlers): () => void {
  const listeners: [NodeJS.Signals, () => void][] = [
    ...ENDING.map((signal): [NodeJS.Signals, () => void] => [signal, () => handlers.end(signal)]),
    ...PASSED_ON.map((signal): [NodeJS.Signals, () => void] => [signal, () => handlers.passOn(signal)]),
    ['SIGTSTP', () => handlers.stop()],
    ['SIGCONT', () => handlers.resume()],
  ]
  for (const [signal, listener] of listeners) process.on(signal, listener)
  return () => {
    for (const [signal, listener] of listeners) process.removeListener(signal, listener)
  }
}
