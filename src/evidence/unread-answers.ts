/**
 * Whether answers lie unread in both looks. Such a process may go on in bursts (a server gives up its connections after
 * some seconds, a collection destroys them), so two looks that come upon a burst say less than a longer one.
 */
import type { CapturedLook } from '../model/look.js'

/** Of the last two looks. Pure. */
export function hasUnreadAnswers(looks: readonly CapturedLook[]): boolean {
  return looks.length > 1 && looks.slice(-2).every((look) => unreadIn(look) > 0)
}

function unreadIn({ awaits }: CapturedLook): number {
  if (awaits?.status !== 'captured') return 0
  return (awaits.evidence.unreadAnswers ?? []).reduce((sum, { unread }) => sum + unread, 0)
}
