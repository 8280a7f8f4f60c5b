/** What searches of ticket systems have in common. */
import type { Ticket } from '../contract/sink.js'

/** An open one before a closed one, else as they come (newest first). */
export function bestOf(tickets: readonly Ticket[]): Ticket | null {
  return tickets.find(({ open }) => open) ?? tickets[0] ?? null
}

export function basic(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`
}
