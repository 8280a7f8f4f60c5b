/** A user other than the one who runs the tests, for attacks across users. Made by `useradd`, which only root may do. */
import { spawnSync } from 'node:child_process'

export interface SecondUser {
  readonly uid: number
  readonly gid: number
}

const NAME = 'stall-test-other'

/** Null, with which the tests are skipped by name, where we are not root or users can't be made. */
export function secondUser(): SecondUser | null {
  if (process.getuid?.() !== 0) return null
  spawnSync('useradd', ['--no-create-home', '--shell', '/usr/sbin/nologin', NAME])
  const id = (flag: string): number => Number(spawnSync('id', [flag, NAME], { encoding: 'utf8' }).stdout.trim() || 'x')
  const user = { uid: id('-u'), gid: id('-g') }
  return Number.isInteger(user.uid) && user.uid > 0 ? user : null
}
