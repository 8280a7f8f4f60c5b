/** Who has what a pool lent, in words: for each group of members that are alike. */
import type { MemberHolder, PoolFacts, PoolMember, Taking, WaitHolder } from '../../model/await.js'
import { fileLine, holderText } from './queue-words.js'
import { keeperText } from './retained.js'
import type { View } from './view.js'

const MOST_GROUPS = 4
const MOST_TAKINGS = 3

const DOING: Readonly<Record<PoolMember['doing'], string>> = {
  nothing: 'idling outside of the pool, with no command',
  unread: 'with an answer that nobody reads',
  busy: 'at work',
  unknown: '',
}

/** `; of those lent, 2 idling outside of the pool, with no command, lent to settle (orders.js:31), which awaits ...`. */
export function membersText(view: View, pool: PoolFacts): string {
  const groups = new Map<string, number>()
  for (const member of pool.members) {
    const doing = [member.what ?? '', DOING[member.doing], forText(member)].filter((part) => part !== '').join(' ')
    const text = [doing, heldText(view, member)].filter((part) => part !== '').join(', ')
    if (text !== '') groups.set(text, (groups.get(text) ?? 0) + member.count)
  }
  const texts = [...groups].slice(0, MOST_GROUPS).map(([text, count]) => `${count} ${text}`)
  return texts.length === 0 ? '' : `; of those lent, ${texts.join('; ')}`
}

/** What one at work does is told by its command, and by the function that waits for the reply. */
function forText({ heldBy, doing }: PoolMember): string {
  const works = heldBy?.by === 'function' && (heldBy.reply === true || doing === 'busy')
  return works ? `for ${holderText(heldBy.place)}` : ''
}

function heldText(view: View, member: PoolMember): string {
  const { heldBy } = member
  if (heldBy === undefined || forText(member) !== '') return ''
  switch (heldBy.by) {
    case 'function':
      return `lent to ${holderText(heldBy.place)}${awaitedText(view, heldBy.place)}`
    case 'variable':
      return `held by ${keeperText({ parts: heldBy.parts, declared: heldBy.declared, by: 'root' })}`
    case 'callback':
      return `held by ${callbackText(heldBy)}`
    case 'nobody':
      return 'which nothing alive has but the pool'
    default:
      return heldBy satisfies never
  }
}

/** `a callback of a timer, remind (orders.js:45)` */
function callbackText({ of, place }: Extract<MemberHolder, { by: 'callback' }>): string {
  const whose = of === 'Timeout' || of === 'Immediate' ? ' of a timer' : of === '' ? '' : ` of ${of}`
  return `a callback${whose}, ${holderText(place)}`
}

/** `, which awaits GET http://..., sent, no answer`: the innermost wait of its chain; '' when that is not listed. */
function awaitedText(view: View, place: WaitHolder): string {
  const node = (view.last.awaits?.awaits ?? []).find(
    (each) =>
      each.waitsFor !== null &&
      each.waitsFor.kind !== 'await' &&
      [each, ...each.awaitedBy].some((frame) => isSame(frame, place)),
  )
  const wait = node?.waitsFor
  return wait == null || wait.kind === 'unknown' ? '' : `, which awaits ${wait.summary}`
}

function isSame(a: Pick<WaitHolder, 'function' | 'file' | 'line'>, b: WaitHolder): boolean {
  return a.function === b.function && a.file === b.file && a.line === b.line
}

export function hasNobody({ heldBy }: PoolMember): boolean {
  return heldBy?.by === 'nobody'
}

/** `; whoever took them left without giving them back`, and where such members are taken. */
export function lostText(pool: PoolFacts): string {
  const lost = pool.members.filter(hasNobody).reduce((sum, { count }) => sum + count, 0)
  if (lost === 0) return ''
  return `; whoever took ${lost === 1 ? 'that one' : 'those'} left without giving ${lost === 1 ? 'it' : 'them'} back${takenText(pool.takenIn ?? [])}`
}

/** One place alone is named as it is; of several nobody can tell which one it was. */
export function takenText(takings: readonly Taking[]): string {
  const [only, ...others] = takings
  if (only === undefined) return ''
  if (others.length === 0) return `: ${holderText(only)} takes such ones${leavesText(only)}`
  const leaving = takings.filter(({ leaves }) => leaves !== undefined && leaves.word !== 'error')
  const list = takings.slice(0, MOST_TAKINGS).map(holderText).join(', ')
  const more = takings.length > MOST_TAKINGS ? ` and ${takings.length - MOST_TAKINGS} more` : ''
  const [sole] = leaving.length === 1 ? leaving : []
  const which =
    sole === undefined
      ? ''
      : `; of these only ${sole.function ?? 'an anonymous function'}${leavesText(sole).replace(/^ and/, '')}`
  return `: taken in one of ${list}${more}${which}`
}

function leavesText({ leaves }: Taking): string {
  if (leaves === undefined) return ''
  const at = fileLine(leaves)
  switch (leaves.word) {
    case 'never':
      return ' and never gives one back'
    case 'error':
      return ` and leaves without giving one back when the await there fails (${at})`
    default:
      return ` and leaves without giving one back by the ${leaves.word} there (${at})`
  }
}
