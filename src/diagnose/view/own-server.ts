/** A connection of this process to itself: nobody else is to be asked about it. */
import type { Leaf } from './leaf.js'
import type { View } from './view.js'

const MAPPED = /^\[::ffff:([\d.]+)\]/

/** Its other end is a socket that this process accepted. */
export function isOwnServer(view: View, { waits: { local, peer } }: Leaf): boolean {
  if (local === undefined || peer === undefined) return false
  const here = plain(local)
  const there = plain(peer)
  const sockets = view.last.kernel?.sockets ?? []
  return sockets.some(
    (each) => each.fd !== null && each.peer !== null && plain(each.local) === there && plain(each.peer) === here,
  )
}

/** A server that listens on all addresses has those of IPv4 in the form of IPv6. */
function plain(address: string): string {
  return address.replace(MAPPED, '$1')
}
