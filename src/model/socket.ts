/** A socket of the target, joined from descriptor, /proc/net and, in-process, TCP_INFO. */
export interface SocketState {
  readonly fd: number | null
  readonly family: 'tcp' | 'tcp6' | 'unix' | 'udp' | 'udp6'
  /** `10.0.0.2:51234`, `[::1]:80`, a path for unix. */
  readonly local: string
  readonly peer: string | null
  readonly state: string
  /** Null where the kernel does not tell: of local sockets, from outside. */
  readonly sendQueueBytes: number | null
  readonly receiveQueueBytes: number | null
  readonly retransmits: number
  /** Retransmission timer running: bytes that the peer has not acknowledged. */
  readonly unacknowledged: boolean
  readonly lastReceivedMs: number | null
  readonly lastSentMs: number | null
  readonly lastAcknowledgedMs: number | null
  /** All that ever came on a TCP connection; absent where the kernel does not count. */
  readonly receivedBytes?: number
  readonly inode: number
}

/** A descriptor that is not a socket. */
export interface OpenFile {
  readonly fd: number
  readonly target: string
  /** For pipes and FIFOs: processes that hold the other end. */
  readonly otherEnd?: readonly {
    readonly pid: number
    readonly command: string
    readonly direction: 'read' | 'write' | 'both'
  }[]
}
