/**
 * Who is at the other end of a unix socket, as the kernel noted it at connect (SO_PEERCRED). getsockopt is handed in:
 * loading a library at the first connection would wait for whoever holds the loader's lock, maybe for ever.
 */
import os from 'node:os'

/** `asm-generic/socket.h`; MIPS, PA-RISC and SPARC have other numbers, and no Node binaries of note. */
const SOL_SOCKET = 1
const SO_PEERCRED = 17
/** struct ucred: pid, uid, gid, 32 bits each. */
const UCRED_BYTES = 12
/** What the kernel says of a user that this user namespace has no number for: root of the host, for one. */
const OVERFLOW_UID = 65_534

/** getsockopt(2), as koffi makes it of this prototype. */
export type GetSocketOption = (fd: number, level: number, name: number, value: Uint8Array, length: number[]) => number
export const GET_SOCKET_OPTION = 'int getsockopt(int, int, int, _Out_ uint8_t *, _Inout_ uint32_t *)'

/** Effective user id of the peer of descriptor `fd`; null when it can't be told. */
export function peerUserOf(fd: number, getSocketOption: GetSocketOption): number | null {
  const value = new Uint8Array(UCRED_BYTES)
  const length = [UCRED_BYTES]
  if (getSocketOption(fd, SOL_SOCKET, SO_PEERCRED, value, length) !== 0 || length[0] !== UCRED_BYTES) return null
  const uid = new DataView(value.buffer).getUint32(4, os.endianness() === 'LE')
  return uid === OVERFLOW_UID ? null : uid
}
