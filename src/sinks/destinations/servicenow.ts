/**
 * ServiceNow's Table API and Attachment API (https://www.servicenow.com/docs, "Table API", "Attachment API"). Found again by
 * `correlation_id`, which is there for that; the incident's own mark stands in `correlation_display`.
 */
import { letterAsText } from '../../report/letter/as-text.js'
import type { Answer } from '../contract/answer.js'
import type { SinkContext, Ticket, TicketSystem } from '../contract/sink.js'
import { basic, bestOf } from './ticket-search.js'

const FIELDS = 'sys_id,number,active'
const MAX_SHORT = 160

export function open(context: SinkContext): TicketSystem {
  const { values } = context
  const base = values.needed('url')
  const table = values.text('table') ?? 'incident'
  const client = context.http(base, {
    authorization: basic(values.needed('user'), values.needed('password')),
    accept: 'application/json',
  })
  const toTicket = (answer: Answer, ...path: string[]): Ticket => {
    const ref = answer.text(...path, 'sys_id')
    return {
      ref,
      url: `${base}/nav_to.do?uri=${table}.do?sys_id=${ref}`,
      open: String(answer.maybe(...path, 'active')) !== 'false',
    }
  }
  const query = async (condition: string): Promise<Ticket[]> => {
    const asked = {
      sysparm_query: `${condition}^ORDERBYDESCsys_created_on`,
      sysparm_fields: FIELDS,
      sysparm_limit: '20',
    }
    return (await client.get(`/api/now/table/${table}`, { query: asked })).list('result').map((each) => toTicket(each))
  }
  return {
    kind: 'ticket',
    get: async (key) => {
      if (/^[0-9a-f]{32}$/.test(key) || context.rehearse !== null) {
        return toTicket(
          await client.get(`/api/now/table/${table}/${key}`, { query: { sysparm_fields: FIELDS } }),
          'result',
        )
      }
      const [found] = await query(`number=${key.replaceAll('^', '')}`)
      return found ?? toTicket(await client.get(`/api/now/table/${table}/${encodeURIComponent(key)}`), 'result')
    },
    find: async (mark) => bestOf(await query(`correlation_id=${mark}^ORcorrelation_display=${mark}`)),
    create: async (letter, marks) => {
      const answer = await client.send('POST', `/api/now/table/${table}`, {
        json: {
          short_description: letter.title.slice(0, MAX_SHORT),
          description: letterAsText(letter),
          correlation_id: marks.cause ?? marks.incident,
          correlation_display: marks.incident,
        },
      })
      return toTicket(answer, 'result')
    },
    comment: async ({ ref }, letter) => {
      await client.send('PATCH', `/api/now/table/${table}/${ref}`, { json: { work_notes: letterAsText(letter) } })
    },
    hasComment: async ({ ref }, mark) => {
      const asked = {
        sysparm_query: `element_id=${ref}^valueLIKE${mark}`,
        sysparm_fields: 'sys_id',
        sysparm_limit: '1',
      }
      return (await client.get('/api/now/table/sys_journal_field', { query: asked })).list('result').length > 0
    },
    files: {
      names: async ({ ref }) => {
        const asked = { sysparm_query: `table_sys_id=${ref}`, sysparm_limit: '500' }
        return (await client.get('/api/now/attachment', { query: asked }))
          .list('result')
          .map((each) => each.maybe('file_name') ?? '')
      },
      attach: async ({ ref }, file) => {
        await client.send('POST', '/api/now/attachment/file', {
          query: { table_name: table, table_sys_id: ref, file_name: file.name },
          bytes: { data: file.bytes, contentType: file.contentType },
        })
      },
    },
    reopen: async ({ ref }) => {
      // 2: In Progress, of the incident table as it is shipped.
      await client.send('PATCH', `/api/now/table/${table}/${ref}`, { json: { state: '2' } })
    },
    check: async () => {
      await client.get(`/api/now/table/${table}`, { query: { sysparm_limit: '1', sysparm_fields: 'sys_id' } })
      await client.get('/api/now/attachment', { query: { sysparm_limit: '1' } })
      return [{ ok: true, text: `table ${table} and attachments can be read` }]
    },
  }
}
