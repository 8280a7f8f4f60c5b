/** The mount that holds a path, as /proc tells it: without asking a server that may be away. */
import { readProcText } from './read.js'

export interface Mount {
  readonly mountPoint: string
  /** `ext4`, `overlay`, `nfs4`. */
  readonly type: string
}

const REMOTE = /^(?:nfs\d?|cifs|smb\d?|smbfs|9p|ceph|glusterfs|lustre|afs|fuse(?:\..*|blk)?|virtiofs)$/
/** Where nobody can make a folder, whatever the permissions say. */
const KERNEL = /^(?:proc|sysfs|cgroup2?|devpts|securityfs|debugfs|tracefs)$/

/** @param mounts text of a mountinfo file. Null where nothing is known. */
export function mountOf(folder: string, mounts = readMounts()): Mount | null {
  let best: Mount | null = null
  for (const line of mounts.split('\n')) {
    const [before = '', after = ''] = line.split(' - ')
    const mountPoint = unescape(before.split(' ')[4] ?? '')
    if (mountPoint === '') continue
    const inside = folder === mountPoint || folder.startsWith(mountPoint.endsWith('/') ? mountPoint : `${mountPoint}/`)
    // The last of equals lies on top.
    if (inside && mountPoint.length >= (best?.mountPoint.length ?? 0)) {
      best = { mountPoint, type: after.split(' ')[0] ?? '' }
    }
  }
  return best
}

/** Its server may be away, and every look at it then waits for ever. */
export function isRemote(mount: Mount | null): boolean {
  return mount !== null && REMOTE.test(mount.type)
}

export function isKernels(mount: Mount | null): boolean {
  return mount !== null && KERNEL.test(mount.type)
}

/** The container's own layer: gone with the container. */
export function isContainerLayer(mount: Mount | null): boolean {
  return mount !== null && mount.mountPoint === '/' && /^(?:overlay|aufs|fuse\.fuse-overlayfs)$/.test(mount.type)
}

/** Spaces and the like are octal in mountinfo (proc(5)). */
function unescape(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)))
}

function readMounts(): string {
  try {
    return readProcText('/proc/self/mountinfo', 1024 * 1024)
  } catch {
    // No /proc: nothing is known.
    return ''
  }
}
