/** One of Node's objects, wherever it is read: in the memory of the process, or in a heap snapshot. */
export interface NodeObject {
  readonly className: string
  /** Own properties by name, the first that is there: Node renames its symbols. `[kHandle]`: a symbol's description. */
  text(...names: readonly string[]): string | null
  number(...names: readonly string[]): number | null
  flag(...names: readonly string[]): boolean | null
  object(...names: readonly string[]): NodeObject | null
  /** The C++ side; null where there is none, or where it can't be read (a snapshot). */
  native(): NativeSide | null
}

export interface NativeSide {
  /** C++ class without namespaces. */
  readonly className: string
  readonly fd?: number
  readonly pid?: number
  /** Of a Worker, the thread that it runs. */
  readonly tid?: number
  readonly path?: string
}

export function fdPart(native: NativeSide | null): { readonly fd?: number } {
  return native?.fd === undefined || native.fd < 0 ? {} : { fd: native.fd }
}

/** `http://host/path` without query, fragment and credentials. */
export function plainUrl(protocol: string, host: string, path: string): string {
  const clean = path.replace(/[?#].*$/s, '')
  return `${protocol}//${host.replace(/^.*@/, '')}${clean.startsWith('/') ? clean : `/${clean}`}`
}
