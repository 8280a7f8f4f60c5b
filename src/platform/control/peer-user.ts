/**
 * Who is at the other end of a unix socket, as the kernel noted it at connect (SO_PEERCRED). Through koffi, an optional
 * dependency, loaded at the first connection: without it the private folder around the socket is what keeps others out.
 */
import { createRequire } from 'node:module'
import os from 'node:os'

/** `asm-generic/socket.h`; MIPS, PA-RISC and SPARC have other numbers, and no Node binaries of note. */
const SOL_SOCKET = 1
const SO_PEERCRED = 17
/** struct ucred: pid, uid, gid, 32 bits each. */
const UCRED_BYTES = 12
/** What the kernel says of a user that this user namespace has no number for: root of the host, for one. */
const OVERFLOW_UID = 65_534

type GetSocketOption = (fd: number, level: number, name: number, value: Uint8Array, length: number[]) => number

interface Koffi {
  load(library: string | null): { func(signature: string): GetSocketOption }
}

let getSocketOption: GetSocketOption | null | undefined

/** Effective user id of the peer of descriptor `fd`; null when it can't be told. Never throws. */
export function peerUserOf(fd: number): number | null {
  if (process.platform !== 'linux') return null
  if (getSocketOption === undefined) getSocketOption = loadGetSocketOption()
  if (getSocketOption === null) return null
  const value = new Uint8Array(UCRED_BYTES)
  const length = [UCRED_BYTES]
  if (getSocketOption(fd, SOL_SOCKET, SO_PEERCRED, value, length) !== 0 || length[0] !== UCRED_BYTES) return null
  const uid = new DataView(value.buffer).getUint32(4, os.endianness() === 'LE')
  return uid === OVERFLOW_UID ? null : uid
}

function loadGetSocketOption(): GetSocketOption | null {
  try {
    const koffi = createRequire(__filename)('koffi') as Koffi
    return koffi.load(null).func('int getsockopt(int, int, int, _Out_ uint8_t *, _Inout_ uint32_t *)')
  } catch {
    // Not installed, or no build for this platform: the folder decides alone.
    return null
  }
}
