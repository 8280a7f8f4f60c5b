/** Both ends of one TCP connection, as text: `10.0.0.2:51234`, `[::1]:443`. */
export interface ConnectionEnds {
  readonly local: string
  readonly peer: string
}
