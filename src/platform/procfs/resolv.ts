/** The DNS servers of a process, from its own resolv.conf: what its look-ups wait for when the thread pool hangs. */
import { tryReadProcText } from './read.js'

/** The resolver uses three at most (MAXNS of resolv.h); more are listed here all the same. */
export function parseNameservers(text: string): string[] {
  return [...text.matchAll(/^[ \t]*nameserver[ \t]+(\S+)/gm)].map((match) => match[1] ?? '')
}

/** Null when the file can't be read; empty means that the resolver asks 127.0.0.1. @param root `/proc/PID` or `/proc/self` */
export function readNameservers(root: string): string[] | null {
  // Through `root` of the process: a container has its own.
  const text = tryReadProcText(`${root}/root/etc/resolv.conf`, 16 * 1024)
  return text === null ? null : parseNameservers(text)
}
