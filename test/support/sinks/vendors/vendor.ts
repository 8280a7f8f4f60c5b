/**
 * What the contract servers have in common: a vendor's tickets and files, rules with the page that they are from, and
 * reading of foreign requests without trust. A request that breaks a rule gets the vendor's own status, and is named by the
 * rule: whoever reads a failing test sees the page.
 */
import type { FormFile, Handler, Received, Reply } from '../contract-server.js'

export interface Vendor {
  /** Settings without the address. */
  readonly env: Readonly<Record<string, string>>
  /** Setting of the address. */
  readonly url: string
  readonly handler: (base: () => string) => Handler
  readonly tickets: VendorTicket[]
  readonly files: { name: string; bytes: Buffer }[]
  /** Links alone: the API takes no files. */
  readonly linksOnly: boolean
  /** The value of that setting for a server at this address. */
  readonly address: (base: string) => string
  /** What the vendor documents for a client that asks too often; null where it documents nothing. */
  readonly limited: Limit | null
}

export interface Limit {
  readonly reply: () => Reply
  /** The wait that it tells; null where it tells none. */
  readonly waitSeconds: number | null
}

export interface VendorTicket {
  readonly title: string
  readonly text: string
  readonly marks: string[]
  open: boolean
  readonly comments: string[]
}

export interface Rule {
  readonly says: string
  readonly page: `https://${string}`
}

/** Of all vendors that were loaded: a test breaks each. */
export const RULES_MADE: Rule[] = []

export function rule(says: string, page: Rule['page']): Rule {
  const made = { says, page }
  RULES_MADE.push(made)
  return made
}

/** The answer to a request that breaks a rule. */
export const breaks = ({ says, page }: Rule, status = 400): Reply => ({ status, body: { error: says, rule: page } })

export const ok = (body: unknown, status = 200): Reply => ({ status, body })

export const missing = (what: string): Reply => ({ status: 404, body: { error: `no ${what} here` } })

/** Seconds that a client has to wait, in each vendor's own words. */
export const WAIT_SECONDS = 1800

export const basicOf = (user: string, password: string): string =>
  `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`

interface Draft {
  readonly env: Readonly<Record<string, string>>
  readonly url: string
  readonly linksOnly?: boolean
  readonly address?: (base: string) => string
  readonly limited?: Limit
  readonly make: (self: Vendor, base: () => string) => Handler
}

export function vendorOf({ env, url, linksOnly = false, address, limited, make }: Draft): Vendor {
  const self: Vendor = {
    env,
    url,
    linksOnly,
    tickets: [],
    files: [],
    address: address ?? ((base) => base),
    limited: limited ?? null,
    handler: (base) => make(self, base),
  }
  return self
}

/** @returns the ticket's number, from 1 */
export function add(self: Vendor, title: string, text: string, marks: readonly string[]): number {
  return self.tickets.push({ title, text, marks: [...marks], open: true, comments: [] })
}

/** Places of the tickets with this mark, the newest first. */
export const withMark = (self: Vendor, mark: string): number[] =>
  self.tickets.flatMap(({ marks }, at) => (marks.includes(mark) ? [at] : [])).toReversed()

export function keep(self: Vendor, file: FormFile | undefined): boolean {
  if (file === undefined || file.fileName === null) return false
  self.files.push({ name: file.fileName, bytes: file.bytes })
  return true
}

/** A JSON value of somebody else's: what is not there is undefined. */
export function valueAt(value: unknown, ...path: readonly (string | number)[]): unknown {
  let here = value
  for (const key of path) {
    if (typeof here !== 'object' || here === null || !Object.hasOwn(here, key)) return undefined
    here = (here as Record<string | number, unknown>)[key]
  }
  return here
}

/** Empty where there is no text. */
export function textAt(value: unknown, ...path: readonly (string | number)[]): string {
  const found = valueAt(value, ...path)
  return typeof found === 'string' ? found : ''
}

export function listAt(value: unknown, ...path: readonly (string | number)[]): unknown[] {
  const found = valueAt(value, ...path)
  return Array.isArray(found) ? (found as unknown[]) : []
}

/** The body as JSON; undefined where it is none. */
export function bodyOf({ body }: Received): unknown {
  try {
    return JSON.parse(body.toString('utf8')) as unknown
  } catch {
    return undefined
  }
}
