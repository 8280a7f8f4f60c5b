/**
 * Azure Blob Storage: Put Blob with a shared access signature
 * (https://learn.microsoft.com/rest/api/storageservices/put-blob); `If-None-Match: *` makes a second attempt a 409.
 */
import { pageOf } from '../contract/parcel-file.js'
import type { SinkContext, Store } from '../contract/sink.js'

/** The first with which SAS of today and `If-None-Match` on Put Blob are documented. */
const VERSION = '2021-08-06'

export function open(context: SinkContext): Store {
  const { values } = context
  const container = values.needed('url')
  const sas = values.needed('sas').replace(/^\?/, '')
  const linkSas = values.text('link_sas')?.replace(/^\?/, '') ?? null
  const client = context.http(container)
  const urlOf = (name: string): string => `${container}/${encodeURIComponent(name)}`
  const put = async (name: string, bytes: Buffer, contentType: string, accept: readonly number[]): Promise<void> => {
    await client.send('PUT', `${urlOf(name)}?${sas}`, {
      headers: {
        'x-ms-blob-type': 'BlockBlob',
        'x-ms-version': VERSION,
        ...(accept.length === 0 ? {} : { 'if-none-match': '*' }),
      },
      bytes: { data: bytes, contentType },
      answers: 'text',
      accept,
    })
  }
  return {
    kind: 'store',
    put: async ({ archive, reports }) => {
      const page = pageOf({ reports })
      // 409 BlobAlreadyExists (412 by some servers): an attempt of before whose answer was lost.
      for (const { name, bytes, contentType } of [...reports, archive]) {
        await put(name, bytes, contentType, [409, 412])
      }
      const link = (name: string): string => (linkSas === null ? urlOf(name) : `${urlOf(name)}?${linkSas}`)
      return {
        ref: urlOf(archive.name),
        url: link(archive.name),
        pageUrl: page === null ? null : link(page.name),
      }
    },
    check: async () => {
      await put('conductor-diag-doctor', Buffer.from('ok'), 'text/plain', [])
      return [{ ok: true, text: `${container} takes blobs` }]
    },
  }
}
