/** Secrets in every shape that the redactor knows, and the search for them in bytes, in the forms that a text can take. */
import { inflateRawSync } from 'node:zlib'

/** In every secret, so that one search finds them all. */
export const CANARY = 'c4n4ry'

/** For an environment: each shape that the redactor knows, and harmless names with secret values. */
export const PLANTED: Readonly<Record<string, string>> = {
  DB_PASSWORD: `${CANARY}-hunter2`,
  STRIPE_KEY: `${CANARY}1`,
  DATABASE_URL: `postgres://app:${CANARY}@db.internal/x`,
  SENTRY_DSN: `https://${CANARY}0123456789abcdef@sentry.internal/42`,
  CALLBACK: `https://bot:${CANARY}%2Fpart@hooks.internal/x?access_token=${CANARY}`,
  SESSION_COOKIE: `sid=${CANARY}; Path=/`,
  HTTP_HEADERS: `Authorization: Bearer ${CANARY}\r\nCookie: sid=${CANARY}`,
  ID_TOKEN: `eyJhbGciOiJIUzI1NiJ9.${Buffer.from(`{"sub":"${CANARY}"}`).toString('base64url')}.c2lnbmF0dXJlc2lnbmF0dXJl`,
  SIGNING: `-----BEGIN PRIVATE KEY-----\n${CANARY}MC4CAQAwBQYDK2VwBCIEIH\n-----END PRIVATE KEY-----`,
  SOME_SETTING: `Xq7${CANARY}Zt5Lm2Np8Rv4Bk6`,
}

/** Text as it is, in UTF-16 of both orders, percent-encoded, and base64 at each of its three offsets. */
export function formsOf(text: string): Buffer[] {
  const percent = [...Buffer.from(text)].map((byte) => `%${byte.toString(16)}`).join('')
  const base64 = [0, 1, 2].map((offset) => {
    const encoded = Buffer.concat([Buffer.alloc(offset, 32), Buffer.from(text)]).toString('base64')
    // The first and last characters depend on what stands before and behind.
    return encoded.slice(offset === 0 ? 0 : offset + 1, encoded.length - 4)
  })
  return [
    Buffer.from(text),
    Buffer.from(text, 'utf16le'),
    Buffer.from(text, 'utf16le').swap16(),
    Buffer.from(percent),
    Buffer.from(percent.toUpperCase()),
    ...base64.map((each) => Buffer.from(each)),
  ]
}

/** The bytes and what is packed in them: gzip wherever it begins, base64 of mails. */
export function unpacked(bytes: Buffer, depth = 0): Buffer[] {
  const found = [bytes]
  if (depth > 3) return found
  for (let at = bytes.indexOf('1f8b08', 0, 'hex'); at >= 0; at = bytes.indexOf('1f8b08', at + 1, 'hex')) {
    const plain = inflated(bytes.subarray(at))
    if (plain !== null) found.push(...unpacked(plain, depth + 1))
  }
  for (const [block] of bytes.toString('latin1').matchAll(/(?:^[A-Za-z0-9+/]{60,}={0,2}\r?\n){2,}[A-Za-z0-9+/=]*/gm)) {
    found.push(...unpacked(Buffer.from(block, 'base64'), depth + 1))
  }
  return found
}

/** A member of gzip (RFC 1952, 2.3), whatever follows it: the rest of a form, of an envelope. */
function inflated(bytes: Buffer): Buffer | null {
  const flags = bytes[3] ?? 0
  const hasName = flags === 8
  if (flags !== 0 && !hasName) return null
  try {
    return inflateRawSync(bytes.subarray(hasName ? bytes.indexOf(0, 10) + 1 : 10))
  } catch {
    return null
  }
}

export function holds(bytes: Buffer, text: string): boolean {
  const forms = formsOf(text)
  return unpacked(bytes).some((each) => forms.some((form) => each.includes(form)))
}
