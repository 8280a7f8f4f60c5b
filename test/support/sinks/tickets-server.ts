/**
 * A small ticket system of no vendor's, and the destination for it (`module:`): what the outbox promises is tested against
 * it, apart from any protocol. It counts what it was made to do, so that a thing done twice is seen.
 */
import { ContractServer, jsonOf, parseForm, type Received, type Reply } from './contract-server.js'

export interface KeptTicket {
  readonly id: string
  open: boolean
  readonly title: string
  readonly text: string
  readonly comments: string[]
  readonly files: { readonly name: string; readonly bytes: Buffer }[]
}

export class TicketsServer {
  readonly tickets: KeptTicket[] = []
  private constructor(readonly server: ContractServer) {}

  static async start(): Promise<TicketsServer> {
    let self: TicketsServer | null = null
    const server = await ContractServer.start(async (request) => (await self?.answer(request)) ?? { status: 503 })
    self = new TicketsServer(server)
    return self
  }

  private async answer(request: Received): Promise<Reply> {
    const [, , id, what] = request.path.split('/')
    if (request.method === 'GET' && id === undefined) {
      const mark = request.query.get('mark') ?? ''
      const found = this.tickets.filter(({ text }) => text.includes(mark)).toReversed()
      return { status: 200, body: found.map((each) => plain(each)) }
    }
    if (request.method === 'POST' && id === undefined) {
      const { title, text } = jsonOf(request) as { title: string; text: string }
      const ticket = { id: String(this.tickets.length + 1), open: true, title, text, comments: [], files: [] }
      this.tickets.push(ticket)
      return { status: 201, body: plain(ticket) }
    }
    const ticket = this.tickets.find((each) => each.id === id)
    if (ticket === undefined) return { status: 404 }
    if (request.method === 'GET') return { status: 200, body: plain(ticket) }
    if (what === 'comments') ticket.comments.push(String(jsonOf(request)['text']))
    else if (what === 'files') {
      const [file] = await parseForm(request)
      if (file === undefined) return { status: 400 }
      ticket.files.push({ name: file.fileName ?? '', bytes: file.bytes })
    } else if (what === 'reopen') ticket.open = true
    return { status: 201 }
  }
}

function plain({ id, open, comments, files }: KeptTicket): object {
  return { id, open, comments, files: files.map(({ name }) => name) }
}
