/**
 * What a destination can do. One file a destination; `registry.ts` lists them. The order of steps, what is journalled, and
 * what happens after a crash is nowhere in these files but in `flow/`: a destination only knows its own protocol.
 */
import type { SinkSettings, SinkValues } from '../../config/sink-settings.js'
import type { Letter } from '../../report/letter/letter.js'
import type { HttpClient } from './http.js'
import type { ParcelFile } from './parcel-file.js'
import type { StuckWork } from './stuck-work.js'

/** `jira:OPS-123`, `s3`, `github:acme/app#12`. */
export interface Destination {
  readonly sink: string
  /** A ticket that is there, or null: where the settings say. */
  readonly key: string | null
  /** As it was typed. */
  readonly name: string
}

/** One incident, ready to be sent. */
export interface Parcel {
  readonly incident: string
  /** Of the cause; null without a verdict. */
  readonly fingerprint: string | null
  readonly letter: Letter
  /** `ID.tar.gz`. */
  readonly archive: ParcelFile
  /** What people read: `ID.report.md`, `ID.report.html`. */
  readonly reports: readonly ParcelFile[]
  /** Tasks of Conductor's that stood still; null: none is known. */
  readonly stuck: StuckWork | null
}

export interface Delivered {
  /** What the destination calls it: `OPS-123`, `s3://bucket/key`. */
  readonly ref: string
  readonly url: string | null
  /** Of a store: where the page is that people read. */
  readonly pageUrl?: string | null
}

export interface Ticket extends Delivered {
  readonly open: boolean
}

/** Takes the packed bundle and gives a link. Putting the same parcel twice leaves one. */
export interface Store {
  readonly kind: 'store'
  put(parcel: Parcel, key: string | null): Promise<Delivered>
  check(): Promise<readonly Check[]>
}

/** Words by which a ticket can be found again: one for the incident, one for its cause. */
export interface Marks {
  readonly incident: string
  readonly cause: string | null
}

/** Keeps tickets, which can be found again, commented on and closed by people. */
export interface TicketSystem {
  readonly kind: 'ticket'
  /** Throws ERR_STALL_SINK_REFUSED when there is none. */
  get(key: string): Promise<Ticket>
  /** The newest ticket that has this mark, open ones first. */
  find(mark: string): Promise<Ticket | null>
  create(letter: Letter, marks: Marks): Promise<Ticket>
  comment(ticket: Ticket, letter: Letter, mark: string): Promise<void>
  /** Whether a comment with this mark is there. */
  hasComment(ticket: Ticket, mark: string): Promise<boolean>
  /** Left out where the API takes no files: the text has the link then. */
  readonly files?: {
    names(ticket: Ticket): Promise<readonly string[]>
    attach(ticket: Ticket, file: ParcelFile): Promise<void>
  }
  /** Left out where tickets can't be reopened. */
  reopen?(ticket: Ticket): Promise<void>
  check(): Promise<readonly Check[]>
}

/** What came before of the same cause, for whoever tells of a repeat. */
export interface Before {
  /** Incidents of this cause that were counted, this one included. */
  readonly count: number
  /** What `send` returned the first time. */
  readonly first: Delivered | null
}

/** Tells somebody, once: an alert, an event, a mail. Its `id` makes a second sending recognisable at the other end. */
export interface Messenger {
  readonly kind: 'message'
  send(parcel: Parcel, id: string, before: Before, key: string | null): Promise<Delivered>
  check(): Promise<readonly Check[]>
}

export type Sink = Store | TicketSystem | Messenger

/** One thing that `doctor` says of a destination. */
export interface Check {
  readonly ok: boolean
  readonly text: string
  readonly advice?: string
}

/** How a server is reached: whose certificates it may have, besides those that the settings of delivery say, and through what. */
export interface Trust {
  readonly caFile: string | null
  /** Anybody's, as the worker itself was told. */
  readonly insecure: boolean
  /** What the server wants of us: a certificate and its key, paths; null: nothing. */
  readonly certFile?: string | null
  readonly keyFile?: string | null
  /** A proxy for this server alone; null: as HTTPS_PROXY and the like say. */
  readonly proxy?: string | null
}

export interface SinkContext {
  readonly settings: SinkSettings
  readonly values: SinkValues
  readonly env: Readonly<Record<string, string | undefined>>
  /** Where names of files and packages are meant from: the worker's folder. A delivery process itself is started in `/`. */
  readonly from: string
  /** A letter as text, for whoever has no format of its own. */
  readonly asText: (letter: Letter) => string
  readonly asMarkdown: (letter: Letter) => string
  /** A client for one server; `headers` are sent with every request and shown nowhere. */
  http(baseUrl: string, headers?: Readonly<Record<string, string>>, trust?: Trust): HttpClient
  /** ms since the epoch. */
  readonly now: () => number
  /** Set by `--dry-run`: nothing may be sent; what would be is handed in here. */
  readonly rehearse: ((request: Rehearsed) => void) | null
}

/** A request that would be made, as `--dry-run` prints it. */
export interface Rehearsed {
  readonly what: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: unknown
}
