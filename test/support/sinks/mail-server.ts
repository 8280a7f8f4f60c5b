/** A mail server that keeps what it gets, and takes mails apart: as much of SMTP and MIME as nodemailer speaks. */
import { createServer, type Socket } from 'node:net'
import type { AddressInfo } from 'node:net'

export interface MailPart {
  readonly type: string
  /** Of a file. */
  readonly name: string | null
  readonly bytes: Buffer
}

export interface Mail {
  readonly recipients: readonly string[]
  header(name: string): string | undefined
  readonly parts: readonly MailPart[]
}

export interface MailServer {
  readonly url: string
  readonly mails: Mail[]
  close(): Promise<void>
}

export async function receiveMails(): Promise<MailServer> {
  const mails: Mail[] = []
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket)).on('error', () => socket.destroy())
    converse(socket, (recipients, text) => mails.push(parseMail(recipients, text)))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `smtp://127.0.0.1:${(server.address() as AddressInfo).port}`,
    mails,
    close: async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** RFC 5321: one command a line, and after DATA everything up to a dot by itself. */
function converse(socket: Socket, keep: (recipients: string[], text: string) => void): void {
  let pending = ''
  let recipients: string[] = []
  let data: string[] | null = null
  const say = (line: string): boolean => socket.write(`${line}\r\n`)
  const take = (line: string): void => {
    if (data !== null) {
      if (line !== '.') {
        data.push(line.replace(/^\./, ''))
        return
      }
      keep(recipients, data.join('\r\n'))
      ;[data, recipients] = [null, []]
      say('250 kept')
      return
    }
    const recipient = /^RCPT TO:<([^>]+)>/i.exec(line)?.[1]
    if (recipient !== undefined) recipients.push(recipient)
    if (/^DATA$/i.test(line)) {
      data = []
      say('354 go on')
    } else if (/^QUIT$/i.test(line)) socket.end('221 bye\r\n')
    else say('250 ok')
  }
  say('220 a test')
  // Bodies are 7 bit: nodemailer encodes what is not.
  socket.setEncoding('latin1').on('data', (chunk: string) => {
    const lines = (pending + chunk).split('\r\n')
    pending = lines.pop() ?? ''
    for (const line of lines) take(line)
  })
}

interface Entity {
  readonly headers: ReadonlyMap<string, string>
  readonly body: string
}

function parseMail(recipients: readonly string[], text: string): Mail {
  const whole = parseEntity(text)
  return {
    recipients,
    header: (name) => decodeWords(whole.headers.get(name.toLowerCase())),
    parts: leavesOf(whole),
  }
}

/** RFC 5322: headers may be folded; an empty line ends them. */
function parseEntity(text: string): Entity {
  const end = text.indexOf('\r\n\r\n')
  const lines = text
    .slice(0, end)
    .replaceAll(/\r\n[ \t]+/g, ' ')
    .split('\r\n')
  const headers = lines.map((line): [string, string] => {
    const at = line.indexOf(':')
    return [line.slice(0, at).toLowerCase(), line.slice(at + 1).trim()]
  })
  return { headers: new Map(headers), body: text.slice(end + 4) }
}

/** RFC 2046: the leaves of a multipart, in their order. */
function leavesOf({ headers, body }: Entity): MailPart[] {
  const type = headers.get('content-type') ?? 'text/plain'
  const boundary = /^multipart\/.*boundary="?([^";]+)"?/.exec(type)?.[1]
  if (boundary !== undefined) {
    const pieces = `\r\n${body}`.split(`\r\n--${boundary}`).slice(1, -1)
    return pieces.flatMap((piece) => leavesOf(parseEntity(piece.replace(/^\r\n/, ''))))
  }
  const name = /filename="?([^";]+)"?/.exec(headers.get('content-disposition') ?? '')?.[1] ?? null
  return [{ type: type.split(';')[0] ?? '', name, bytes: decoded(body, headers.get('content-transfer-encoding')) }]
}

/** RFC 2045. */
function decoded(body: string, encoding = '7bit'): Buffer {
  if (encoding === 'base64') return Buffer.from(body, 'base64')
  const text = body.replaceAll('\r\n', '\n')
  return Buffer.from(encoding === 'quoted-printable' ? unquoted(text.replaceAll(/=\n/g, '')) : text, 'latin1')
}

const unquoted = (text: string): string =>
  text.replaceAll(/=([0-9A-F]{2})/g, (_whole, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))

/** RFC 2047; the space between two of them is none. */
function decodeWords(text: string | undefined): string | undefined {
  return text
    ?.replaceAll(/\?=\s+=\?/g, '?==?')
    .replaceAll(/=\?UTF-8\?([BQ])\?([^?]*)\?=/gi, (_whole, how: string, word: string) => {
      const raw =
        how.toUpperCase() === 'B'
          ? Buffer.from(word, 'base64')
          : Buffer.from(unquoted(word.replaceAll('_', ' ')), 'latin1')
      return raw.toString('utf8')
    })
}
