/** Who the target is: proof against pid reuse, and the labels of every incident. */
export interface ProcessIdentity {
  readonly pid: number
  /** ISO 8601. */
  readonly startTime: string
  /** Clock ticks since boot as in /proc/PID/stat; with the pid it names one process for ever. Null off Linux. */
  readonly startTicks: number | null
  /** `v20.20.2`, null when it could not be had. */
  readonly node: string | null
  /** `11.3.244.8`; from inside with Node's own suffix, `-node.30`. */
  readonly v8: string | null
  readonly arch: string
  readonly platform: string
  /** The binary, as /proc/PID/exe says. */
  readonly executable: string | null
  /** After redaction. */
  readonly argv: readonly string[]
  readonly cwd: string | null
  readonly agent: boolean
  readonly service: string | null
  readonly version: string | null
  readonly commit: string | null
  readonly hostname: string
}
