/** A connection of this process to itself, or of a child of it: nobody else is to be asked about it. */
import type { KernelState } from '../../model/kernel.js'
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

/** A place of its own where it listens, and to which the child for which it waits is connected. */
export function askedByChild({ children: [child], sockets }: KernelState): string | null {
  const listening = sockets.flatMap(({ fd, state, local }) => (fd !== null && state === 'LISTEN' ? plain(local) : []))
  const found = child?.connectedTo?.find((peer) => {
    const there = plain(peer)
    // Another host may serve the same port.
    const isHere = /^(?:127\.|\[::1\])/.test(there)
    const port = there.slice(there.lastIndexOf(':'))
    return listening.some(
      (own) => own === there || (isHere && ALL_ADDRESSES.has(own.slice(0, -port.length)) && own.endsWith(port)),
    )
  })
  return found === undefined ? null : plain(found)
}

const ALL_ADDRESSES: ReadonlySet<string> = new Set(['0.0.0.0', '[::]'])

/** A server that listens on all addresses has those of IPv4 in the form of IPv6. */
function plain(address: string): string {
  return address.replace(MAPPED, '$1')
}
