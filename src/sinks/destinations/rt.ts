/**
 * Request Tracker 5, REST 2.0 (https://docs.bestpractical.com/rt/5.0.3/RT/REST2.html). Found again by its subject and by
 * the text of its transactions: TicketSQL searches `Subject LIKE` without a full-text index, so the marks stand there too.
 */
import { letterAsHtml } from '../../report/letter/as-html.js'
import type { Answer } from '../contract/answer.js'
import type { HttpClient, HttpRequest } from '../contract/http.js'
import type { ParcelFile } from '../contract/parcel-file.js'
import type { SinkContext, Ticket, TicketSystem } from '../contract/sink.js'
import { refused } from '../contract/sink-error.js'
import { fileLine } from '../http/http-client.js'
import { basic, bestOf } from './ticket-search.js'

/** RT's own: https://docs.bestpractical.com/rt/5.0.3/customizing/lifecycles_tutorial.html */
const CLOSED = ['resolved', 'rejected', 'deleted']
const MAX_SUBJECT = 200
/** A repeat makes a handful of attachments: so many are years of them. */
const MAX_PAGES = 50

export function open(context: SinkContext): TicketSystem {
  const { values } = context
  const base = values.needed('url')
  const client = context.http(`${base}/REST/2.0`, { authorization: authorization(context) })
  const queue = values.text('queue') ?? 'General'

  const toTicket = (answer: Answer, id: string): Ticket => ({
    ref: id,
    url: `${base}/Ticket/Display.html?id=${encodeURIComponent(id)}`,
    open: !CLOSED.includes(answer.maybe('Status') ?? ''),
  })
  const get = async (key: string): Promise<Ticket> => {
    if (!/^\d{1,12}$/.test(key) && context.rehearse === null)
      throw refused(`${key} is not a ticket number`, '--to rt:42')
    return toTicket(await client.get(`/ticket/${key}`), key)
  }
  const attachments = async ({ ref }: Ticket): Promise<Answer[]> => {
    const found: Answer[] = []
    for (let page = 1; page <= MAX_PAGES; page++) {
      const query = { per_page: '100', page: String(page), fields: 'Filename,Subject' }
      const answer = await client.get(`/ticket/${ref}/attachments`, { query })
      found.push(...answer.list('items'))
      if (page >= Number(answer.maybe('pages') ?? 1)) break
    }
    return found
  }

  return {
    kind: 'ticket',
    get,
    find: async (mark) => {
      const query = { query: `Subject LIKE '${mark}'`, fields: 'Status', orderby: 'id', order: 'DESC', per_page: '20' }
      const items = (await client.get('/tickets', { query })).list('items')
      return bestOf(items.map((item) => toTicket(item, item.text('id'))))
    },
    create: async (letter, marks) => {
      const words = [marks.incident, marks.cause]
        .filter((mark) => mark !== null)
        .map((mark) => `[${mark}]`)
        .join(' ')
      const answer = await client.send('POST', '/ticket', {
        json: {
          Queue: queue,
          Subject: `${letter.title.slice(0, MAX_SUBJECT - words.length)} ${words}`,
          ContentType: 'text/html',
          Content: letterAsHtml(letter),
        },
      })
      return { ...toTicket(answer, answer.text('id')), open: true }
    },
    comment: async ({ ref }, letter, mark) => {
      await client.send('POST', `/ticket/${ref}/comment`, {
        json: { Subject: mark, ContentType: 'text/html', Content: letterAsHtml(letter) },
      })
    },
    hasComment: async (ticket, mark) => (await attachments(ticket)).some((each) => each.maybe('Subject') === mark),
    files: {
      names: async (ticket) => (await attachments(ticket)).flatMap((each) => each.maybe('Filename') ?? []),
      attach: async ({ ref }, file) => {
        const words = { ContentType: 'text/plain', Content: file.name, Subject: file.name }
        await client.send('POST', `/ticket/${ref}/comment`, bodyWith(words, file, context.rehearse !== null))
      },
    },
    reopen: async ({ ref }) => {
      await client.send('PUT', `/ticket/${ref}`, { json: { Status: 'open' } })
    },
    check: async () => [await check(client, queue)],
  }
}

/**
 * A file in a form, as it is. A text in JSON: of a form RT drops the charset, takes the bytes for Latin-1 and keeps them
 * encoded twice (RT::REST2::Util::process_uploads; seen with 5.0.3).
 */
function bodyWith(words: object, file: ParcelFile, rehearsal: boolean): HttpRequest {
  if (!file.contentType.startsWith('text/')) {
    return {
      form: [
        { name: 'JSON', text: JSON.stringify(words) },
        { name: 'Attachments', file },
      ],
    }
  }
  const { name: FileName, contentType: FileType, bytes } = file
  const FileContent = rehearsal ? fileLine(file) : bytes.toString('base64')
  return { json: { ...words, Attachments: [{ FileName, FileType, FileContent }] } }
}

function authorization({ values }: SinkContext): string {
  const token = values.text('token')
  return token === null ? basic(values.needed('user'), values.needed('password')) : `token ${token}`
}

async function check(client: HttpClient, queue: string) {
  const found = await client.get(`/queue/${encodeURIComponent(queue)}`, { accept: [404] })
  if (found.status === 404) {
    return { ok: false, text: `there is no queue ${queue}`, advice: 'CONDUCTOR_STALL_SINK_RT_QUEUE names another.' }
  }
  return { ok: true, text: `queue ${queue} can be seen` }
}
