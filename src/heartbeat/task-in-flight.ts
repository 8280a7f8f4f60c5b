/**
 * A task that the application works on, kept reachable on the main thread while it runs.
 *
 * The class is a mark in the heap: whoever reads the process's memory or its inspector finds every task by this
 * class's name, its promise (is a function still suspended behind it?) and the function that executes it (its place in
 * the source), also while the main thread is blocked.
 */
export class StallAgentTask {
  readonly taskId: string
  /** The record in shared memory; -1 when there was no room. */
  readonly index: number
  /** The function that executes it; null when unknown, or not known yet. */
  execute: object | null
  /** The promise of its execution, as soon as there is one. */
  promise: PromiseLike<unknown> | null = null
  /** The task as the library has it: its type and workflow are read from it in the heap. */
  readonly task: object | null

  constructor(taskId: string, index: number, execute: object | null, task: object | null = null) {
    this.taskId = taskId
    this.index = index
    this.execute = execute
    this.task = task
  }
}
