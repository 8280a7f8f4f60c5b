/** What `attach --dry-run` prints, and what a server received, in one form to be compared. */
import { createHash } from 'node:crypto'
import { expect } from 'vitest'
import { parseForm, type Received } from './contract-server.js'
import { diag } from './outbox-run.js'
import { bodyOf, listAt, textAt } from './vendors/vendor.js'

export interface Rehearsed {
  readonly what: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: unknown
}

export async function rehearsed(
  id: string,
  to: string,
  settings: Readonly<Record<string, string>>,
): Promise<Rehearsed[]> {
  const dry = await diag(['attach', id, '--to', to, '--dry-run', '--json'], settings)
  expect(dry, dry.stderr).toMatchObject({ code: 0, stderr: '' })
  const { destinations } = JSON.parse(dry.stdout) as { destinations: { requests: Rehearsed[] }[] }
  expect(destinations).toHaveLength(1)
  return destinations[0]?.requests ?? []
}

/** What an answer will say stands as `(its.name)`: only there may the two differ. */
export function asPattern(text: string): RegExp {
  const escaped = text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')
  return new RegExp(`^${escaped.replaceAll(/\\\([\w.\\]+\\\)/g, '[^"]+?')}$`)
}

/** A body as it is printed: JSON as it is, parts and files by what they are. */
export async function printed(request: Received): Promise<unknown> {
  const type = request.headers['content-type'] ?? ''
  if (type.startsWith('multipart/')) {
    const parts = await parseForm(request)
    return parts.map(({ name, fileName, bytes }) => ({
      [name]: fileName === null ? bytes.toString() : `<${fileName}, ${bytes.length} bytes, `,
    }))
  }
  if (/json/.test(type)) return withoutFiles(bodyOf(request))
  if (type.startsWith('text/plain')) return request.body.toString()
  return request.body.length === 0
    ? undefined
    : `<${request.body.length} bytes, ${type}, SHA-256 ${sumOf(request.body)}>`
}

/** Request Tracker takes texts as base64 in JSON. */
function withoutFiles(body: unknown): unknown {
  const [file] = listAt(body, 'Attachments')
  if (file === undefined) return body
  const sizeBytes = Buffer.from(textAt(file, 'FileContent'), 'base64').length
  const line = `<${textAt(file, 'FileName')}, ${sizeBytes} bytes, `
  return { ...(body as object), Attachments: [{ ...(file as object), FileContent: line }] }
}

/** Files are told with their type and sum, too, which the form does not carry. */
export const cut = (text: string): string =>
  text.replaceAll(/(<[^<>,"]+, \d+ bytes, )[^<>"]*SHA-256 [0-9a-f]{64}>/g, '$1')

export const sumOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
