export interface Room {
  readonly room: string
  readonly job: string
  /** Rooms on lower floors that it may not import all the same. */
  readonly mayNotImport?: readonly string[]
}
export declare const FLOORS: readonly (readonly Room[])[]
export declare const OWN_PROCESS: readonly string[]

export interface Thread {
  readonly thread: string
  /** Files below src/. */
  readonly entries: readonly string[]
  readonly packages: readonly string[]
  readonly not: readonly string[]
  readonly noRooms: readonly string[]
}
export declare const THREADS: readonly Thread[]
export declare function roomsAsMarkdown(): string
