/**
 * The order of steps at a ticket system: find or make the ticket, comment when it is a repeat, attach. Each step is in
 * the journal; one that a dead process had begun is looked for at the other end before it is done again.
 */
import { formatBytes } from '../../model/amounts.js'
import { toStallError } from '../../model/stall-error.js'
import type { Letter } from '../../report/letter/letter.js'
import type { CauseRecord } from '../outbox/cause-ledger.js'
import type { Journal } from '../outbox/journal.js'
import type { ParcelFile } from '../contract/parcel-file.js'
import type { Delivered, Marks, Parcel, Ticket, TicketSystem } from '../contract/sink.js'
import { SinkError } from '../contract/sink-error.js'

export interface TicketPlan {
  readonly key: string | null
  readonly marks: Marks
  /** Null without a verdict: each incident is a cause of its own then. */
  readonly cause: CauseRecord | null
  readonly closedTicket: 'link' | 'reopen' | 'new'
  readonly maxAttachmentBytes: number
  /** The letter for a new ticket or a comment; `closed` is the ticket that it refers to. */
  readonly letter: (closed: Ticket | null) => Letter
}

export async function deliverToTicket(
  system: TicketSystem,
  plan: TicketPlan,
  parcel: Parcel,
  journal: Journal,
): Promise<Delivered> {
  const { ticket, isNew } = await ticketFor(system, plan, journal)
  if (!isNew) {
    await journal.step(
      'comment',
      async () => {
        await system.comment(ticket, plan.letter(null), plan.marks.incident)
        return true
      },
      async () => ((await system.hasComment(ticket, plan.marks.incident)) ? true : null),
    )
  }
  for (const file of [parcel.archive, ...parcel.reports]) await attach(system, plan, ticket, file, journal)
  return { ref: ticket.ref, url: ticket.url }
}

interface Found {
  readonly ticket: Ticket
  readonly isNew: boolean
}

async function ticketFor(system: TicketSystem, plan: TicketPlan, journal: Journal): Promise<Found> {
  const { steps, begun } = journal.state
  const known = steps['ticket'] as Found | undefined
  if (known !== undefined) return known
  // Where creating was begun, the ticket that a search for the cause would find may be the very one.
  const isCreating = begun === CREATE || Object.hasOwn(steps, CREATE)
  const existing = isCreating ? null : await existingTicket(system, plan)
  const found = existing?.isNew === false ? existing : await create(system, plan, journal, existing?.ticket ?? null)
  journal.update({ steps: { ...journal.state.steps, ticket: found } })
  return found
}

const CREATE = 'create'

/** The one to comment on (not new), or the closed one in whose place there has to be a new one. */
async function existingTicket(system: TicketSystem, plan: TicketPlan): Promise<Found | null> {
  if (plan.key !== null) return { ticket: await system.get(plan.key), isNew: false }
  const known = await knownTicket(system, plan)
  if (known === null) return null
  if (known.open) return { ticket: known, isNew: false }
  if (plan.closedTicket !== 'reopen' || system.reopen === undefined) return { ticket: known, isNew: true }
  await system.reopen(known)
  return { ticket: { ...known, open: true }, isNew: false }
}

async function create(system: TicketSystem, plan: TicketPlan, journal: Journal, closed: Ticket | null): Promise<Found> {
  const ticket = await journal.step(
    CREATE,
    async () => await system.create(plan.letter(plan.closedTicket === 'link' ? closed : null), plan.marks),
    // The process that created it may have died before it could write that down.
    async () => await system.find(plan.marks.incident),
  )
  return { ticket, isNew: true }
}

/** The one that was written down is asked first: a search may be behind, or not there at all. */
async function knownTicket(system: TicketSystem, { cause, marks }: TicketPlan): Promise<Ticket | null> {
  if (cause?.ticket) {
    try {
      const ticket = await system.get(cause.ticket.ref)
      if (ticket.open) return ticket
      return (marks.cause === null ? null : await system.find(marks.cause)) ?? ticket
    } catch (thrown) {
      // Removed: look for another, or make one.
      if (!(thrown instanceof SinkError && thrown.status === 404)) throw thrown
    }
  }
  return marks.cause === null ? null : await system.find(marks.cause)
}

async function attach(
  system: TicketSystem,
  plan: TicketPlan,
  ticket: Ticket,
  file: ParcelFile,
  journal: Journal,
): Promise<void> {
  const { files } = system
  if (files === undefined) return
  if (file.bytes.length > plan.maxAttachmentBytes) {
    journal.note(`${file.name} was not attached: ${formatBytes(file.bytes.length)} is more than is allowed`)
    return
  }
  const name = `attach ${file.name}`
  try {
    await journal.step(
      name,
      async () => {
        await files.attach(ticket, file)
        return true
      },
      async () => ((await files.names(ticket)).includes(file.name) ? true : null),
    )
  } catch (thrown) {
    const error = toStallError(thrown)
    // The ticket is there and says where the bundle is; too large will not become smaller.
    if (!(error instanceof SinkError && error.status === 413)) throw error
    journal.update({ begun: null, steps: { ...journal.state.steps, [name]: 'too large' } })
    journal.note(`${file.name} was not attached: ${error.message}`)
  }
}
