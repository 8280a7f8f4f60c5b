/**
 * Azure Blob Storage: Put Blob with a shared access signature
 * (https://learn.microsoft.com/rest/api/storageservices/put-blob); `If-None-Match: *` makes a second attempt a 409.
 */
import type { SinkContext, Store } from '../contract/sink.js'

/** The first with which SAS of today and `If-None-Match` on Put Blob are documented. */
const VERSION = '2021-08-06'

export function open(context: SinkContext): Store {
  const { values } = context
  const container = values.needed('url')
  const sas = values.needed('sas').replace(/^\?/, '')
  const linkSas = values.text('link_sas')?.replace(/^\?/, '') ?? null
  const client = context.http(container)
  const put = async (name: string, bytes: Buffer, contentType: string, accept: readonly number[]): Promise<string> => {
    const url = `${container}/${encodeURIComponent(name)}`
    await client.send('PUT', `${url}?${sas}`, {
      headers: {
        'x-ms-blob-type': 'BlockBlob',
        'x-ms-version': VERSION,
        ...(accept.length === 0 ? {} : { 'if-none-match': '*' }),
      },
      bytes: { data: bytes, contentType },
      answers: 'text',
      accept,
    })
    return url
  }
  return {
    kind: 'store',
    put: async ({ archive }) => {
      // 409 BlobAlreadyExists (412 by some servers): an attempt of before whose answer was lost.
      const url = await put(archive.name, archive.bytes, archive.contentType, [409, 412])
      return { ref: url, url: linkSas === null ? url : `${url}?${linkSas}` }
    },
    check: async () => {
      await put('conductor-diag-doctor', Buffer.from('ok'), 'text/plain', [])
      return [{ ok: true, text: `${container} takes blobs` }]
    },
  }
}
