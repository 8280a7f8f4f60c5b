/** A queue that speaks the JSON protocol of SQS as far as a consumer needs it: ReceiveMessage, DeleteMessage. */
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface SqsServer {
  readonly url: string
  readonly deleted: string[]
  add(count: number): void
  /** From now on nothing is answered any more. */
  fallSilent(): void
  stop(): Promise<void>
}

export async function startSqsServer(): Promise<SqsServer> {
  const waiting: { MessageId: string; Body: string }[] = []
  const deleted: string[] = []
  let silent = false
  let made = 0
  const answer = (response: ServerResponse, body: object): void => {
    if (silent) return
    response.writeHead(200, { 'content-type': 'application/x-amz-json-1.0' })
    response.end(JSON.stringify(body))
  }
  const server = createServer((request, response) => {
    let text = ''
    request.on('data', (data: Buffer) => (text += data.toString()))
    request.on('end', () => {
      const asked = JSON.parse(text) as { ReceiptHandle?: string; WaitTimeSeconds?: number }
      if (request.headers['x-amz-target'] === 'AmazonSQS.DeleteMessage') {
        deleted.push(asked.ReceiptHandle ?? '')
        answer(response, {})
        return
      }
      const [next] = waiting.splice(0, 1)
      if (next === undefined) setTimeout(() => answer(response, {}), (asked.WaitTimeSeconds ?? 0) * 1000)
      else {
        const MD5OfBody = createHash('md5').update(next.Body).digest('hex')
        answer(response, { Messages: [{ ...next, MD5OfBody, ReceiptHandle: next.MessageId }] })
      }
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    deleted,
    add(count) {
      for (let i = 0; i < count; i++) waiting.push({ MessageId: `message-${++made}`, Body: String(made) })
    },
    fallSilent() {
      silent = true
    },
    async stop() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
