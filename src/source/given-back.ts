/**
 * Whether a suspended function can still use what it took from a pool, by its text alone: V8 keeps no names of variables
 * that no closure uses, and a register keeps its value long after the code is done with it. Knows no scopes; a text that
 * it does not understand tells nothing.
 */
import { withoutTexts } from './blocks.js'
import { wayOutWithoutGiving, type WayOut } from './lost-turns.js'

/** A call that gives a member back to its pool, or ends what was made of it: `client.release(`, `transaction.commit(`. */
const GIVES_BACK =
  /\.\s*#?(?:(?:release|giveBack|free|destroy|commit|rollback|return|checkIn|endSession|abortTransaction|dispose)\w*|end|close|give|put)\s*\(/i
/** What takes the answer off its socket: until then an agent lends that socket to nobody else. */
const READS =
  /\.\s*(?:resume|text|json|arrayBuffer|blob|bytes|formData|pipe|pipeTo|pipeThrough|destroy|cancel|dump|read|on|once|addListener|setEncoding|body)\b|\bfor\s+await\b|\bpipeline\s*\(/
/** What ends a stream: whoever reads one to its end waits for the peer to end it. */
const ENDS = /\.\s*(?:cancel|destroy|close|end)\s*\(|\bfor\s+await\b/

/** A transaction that is handed what runs in it ends with that, and then gives back what it took. */
const RUNS_INSIDE = /^(?:await\s+)?[\w$#.?\s]*\btransaction\s*\(\s*(?:async\b|function\b|[\w$]+\s*=>|\([^()]*\)\s*=>)/

/** Characters: of the left side of an assignment, and of a method's name with its parameters. */
const ASSIGNMENT = 300
const PARAMETERS = 1_000

/** Of a pool: its member, the answer to a request whose socket is the member, or a stream of a session. */
export type Lent = 'member' | 'answer' | 'stream'

const GIVEN_BACK: Readonly<Record<Lent, RegExp>> = { member: GIVES_BACK, answer: READS, stream: ENDS }

/** A method that takes one. */
const TAKES =
  /^#?(?:connect|acquire\w*|get(?:Connection|Client|Resource)|checkOut|borrow|take|lend|lease|reserve|transaction|begin\w*|startTransaction|createQueryRunner|startSession)$/i

/**
 * `kept`: it is used further on, or was never given back. `over`: given back before, or about to be taken anew, and not
 * mentioned again. Null: which of its variables has it can't be told.
 */
export type Use = 'kept' | 'over' | null

/** @param at offset of the `await` at which the function is suspended */
export function useOfTaken(text: string, at: number): Use {
  const code = withoutTexts(text)
  const [before, after] = [code.slice(0, at), code.slice(at)]
  const names = takenNames(before, code)
  if (names.length === 0) return null
  const renewed = assignedAt(code, at)
  const uses = names.map((name) => {
    if (name === renewed) return 'over'
    const word = new RegExp(`(?<![\\w$.])${escaped(name)}(?![\\w$])`)
    if (word.test(after)) return 'kept'
    return isGivenBack(before.slice(lastSet(before, name)), name) ? 'over' : 'kept'
  })
  return uses.includes('kept') ? 'kept' : 'over'
}

/** The variable that what begins at an offset is assigned to; empty without one. Looks back a little: a text may have megabytes. */
function assignedAt(code: string, at: number): string {
  return /(?<![\w$.])([\w$]+)\s*=\s*$/.exec(code.slice(Math.max(0, at - ASSIGNMENT), at))?.[1] ?? ''
}

/** Variables that were set by a call that takes, or that are given back somewhere in the text. */
function takenNames(before: string, code: string): string[] {
  const names = new Set<string>()
  for (const [, left = '', call = ''] of before.matchAll(
    /(?<![\w$.])([\w$]+|\[[\w$\s,]*\]|\{[\w$\s,:]*\})\s*=\s*(?:await\s+)?([\w$.#?]+)\s*\(/g,
  )) {
    const method = call.slice(call.lastIndexOf('.') + 1)
    for (const [name] of left.matchAll(/[\w$]+/g)) if (TAKES.test(method) || isGivenBack(code, name)) names.add(name)
  }
  // At the very await that takes it.
  const own = assignedAt(code, before.length)
  if (
    own !== '' &&
    (isGivenBack(code, own) ||
      TAKES.test(/^await\s+[\w$.#?]*?([\w$#]+)\s*\(/.exec(code.slice(before.length))?.[1] ?? ''))
  )
    names.add(own)
  return [...names]
}

function lastSet(before: string, name: string): number {
  const set = [...before.matchAll(new RegExp(`(?<![\\w$.])${escaped(name)}\\s*(?:,[^=;]*|\\]|\\})?\\s*=(?![=>])`, 'g'))]
  return set.at(-1)?.index ?? 0
}

/** `client.release()`, `pool.release(client)`. */
function isGivenBack(code: string, name: string): boolean {
  const variable = escaped(name)
  const own = new RegExp(`(?<![\\w$.])${variable}(?:\\?)?${GIVES_BACK.source}`, 'i')
  const handed = new RegExp(`${GIVES_BACK.source}\\s*${variable}(?![\\w$])`, 'i')
  return own.test(code) || handed.test(code)
}

function escaped(name: string): string {
  return name.replaceAll('$', '\\$')
}

export interface TakingCall {
  /** `connect`. */
  readonly method: string
  /** What it is called on, the last word of it: `pool` of `this.db.pool`; '' without one. */
  readonly of: string
  /** It is called on something, whatever that is. */
  readonly ofAny?: true
}

/** The call at an `await`, where it takes a member: by its name, or as what it gives is given back. Null: it is another call. */
export function takingCall(text: string, at: number, lent: Lent = 'member'): TakingCall | null {
  const code = withoutTexts(text)
  const call = /^await\s+((?:[\w$#]+\s*\??\.\s*)*)([\w$#]+)\s*\(/.exec(code.slice(at))
  const [, receiver = '', method = ''] = call ?? []
  const name = assignedAt(code, at)
  if (call === null) return null
  if (lent === 'member' && !TAKES.test(method) && (name === '' || !isGivenBack(code, name))) return null
  return { method, of: /([\w$#]+)\s*\??\.\s*$/.exec(receiver)?.[1] ?? '' }
}

/** What the call at an `await` is made on, the last word of it: `source` of `await source.query(`; '' without one. */
export function awaitedOn(text: string, at: number): string {
  const code = withoutTexts(text)
  return /^await\s+(?:[\w$#]+\s*\??\.\s*)*?([\w$#]+)\s*\??\.\s*[\w$#]+\s*\(/.exec(code.slice(at))?.[1] ?? ''
}

/** What a function takes whose own callers call it to take: `pool.getConnection` in `borrow`. */
export function takingsWithin(text: string): TakingCall[] {
  const calls = withoutTexts(text).matchAll(/([\w$#]+)\s*\??\.\s*([\w$#]+)\s*\(/g)
  return [...calls].flatMap(([, of = '', method = '']) => (TAKES.test(method) ? [{ method, of }] : []))
}

export interface TakingSite {
  /** Offset of the call, or of the `await` before it. */
  readonly at: number
  /** The function that it is in only hands on what it takes: its callers are who take. */
  readonly handsOn: boolean
}

/** Every such call in a script. */
export function takingSites(text: string, { method, of, ofAny }: TakingCall): TakingSite[] {
  const code = withoutTexts(text)
  const receiver =
    of === ''
      ? `(?:[\\w$#]+\\s*\\??\\.\\s*)${ofAny === true ? '+' : '*'}`
      : `(?:[\\w$#]+\\s*\\??\\.\\s*)*${escaped(of)}\\s*\\??\\.\\s*`
  const calls = code.matchAll(new RegExp(`(?<![\\w$#.])(await\\s+)?${receiver}${escaped(method)}\\s*\\(`, 'g'))
  return [...calls].flatMap(({ index }) => {
    const before = code.slice(Math.max(0, index - 40), index)
    // `async take() {`, `function take(`: that is where it is defined.
    const isBody = /^[^(]*\([^()]*\)\s*\{/.test(code.slice(index, index + PARAMETERS))
    if (/\b(?:function|async|get|set|static)\s*\*?\s*$/.test(before) || isBody) return []
    return [{ at: index, handsOn: /(?:\breturn|=>)\s*$/.test(before) }]
  })
}

/**
 * What becomes of what is taken at an offset of a function's text. `safe`: every way gives it back. Null: that can't be
 * told.
 */
export function wayOutOfTaking(
  text: string,
  taken: number,
  lent: Lent = 'member',
): { readonly word: WayOut['word'] | 'never'; readonly at: number } | 'safe' | null {
  if (lent === 'member' && RUNS_INSIDE.test(withoutTexts(text).slice(taken, taken + ASSIGNMENT))) return 'safe'
  const givesBack = GIVEN_BACK[lent]
  const way = wayOutWithoutGiving(text, taken, givesBack)
  if (way !== null) return way
  const code = withoutTexts(text)
  const rest = code.slice(taken)
  const given = rest.search(givesBack)
  if (given >= 0) return isOnEveryWay(rest, given, givesBack) ? 'safe' : null
  // Of an answer only what came with it was taken, not its body.
  const [, parts = ''] = /\{([\w$\s,:]*)\}\s*=\s*$/.exec(code.slice(Math.max(0, taken - ASSIGNMENT), taken)) ?? []
  if (lent === 'answer' && parts !== '' && !/\bbody\b/.test(parts)) return { word: 'never', at: taken }
  const name = assignedAt(code, taken)
  if (name === '') return null
  const uses = [...rest.matchAll(new RegExp(`(?<![\\w$.])${escaped(name)}(?![\\w$])(\\s*\\??\\.\\s*[\\w$#]+)?`, 'g'))]
  return uses.every((use) => use[1] !== undefined) ? { word: 'never', at: taken } : null
}

/** In a `finally`, or in no block of its own: one branch that gives it back says nothing of the others. */
function isOnEveryWay(rest: string, given: number, givesBack: RegExp): boolean {
  const last = rest.search(/\bfinally\b/)
  if (last >= 0 && givesBack.test(rest.slice(last))) return true
  let depth = 0
  for (const char of rest.slice(0, given)) depth += char === '{' ? 1 : char === '}' ? -1 : 0
  return depth <= 0
}
