/**
 * Opens something with the rights of another user. Root that follows a path which somebody else chose would reach what
 * that user may not; with the user's own rights the kernel refuses. Only root can take another user's rights.
 */

/** Runs `act` as `uid` and `gid`, without further groups; as we are where we are not root. `act` must be synchronous. */
export function asUser<T>(uid: number, gid: number, act: () => T): T {
  const { geteuid, getegid, getgroups, seteuid, setegid, setgroups } = process
  if (!geteuid || !getegid || !getgroups || !seteuid || !setegid || !setgroups) return act()
  if (geteuid() !== 0 || uid === 0) return act()
  const ownGroup = getegid()
  const ownGroups = getgroups()
  setgroups([gid])
  try {
    setegid(gid)
    seteuid(uid)
    return act()
  } finally {
    seteuid(0)
    setegid(ownGroup)
    setgroups(ownGroups)
  }
}
