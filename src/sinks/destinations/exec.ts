/**
 * Any program: one JSON object on stdin, one on stdout, `{"ref": "...", "url": "..."}`. Exit code 0 is delivered, 69, 75 and
 * signals mean later, everything else is a refusal. Without a shell; files are handed over as paths.
 */
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import type { Before, Check, Delivered, Messenger, Parcel, SinkContext } from '../contract/sink.js'
import { fileLine } from '../http/http-client.js'
import { letterAsMarkdown, letterAsText } from '../../report/letter/as-text.js'
import { refused, SinkError, unreachable } from '../contract/sink-error.js'

const MAX_OUTPUT = 1_048_576
/** A program that talks to somebody may take longer than one request. */
const TIMES = 4
const TEMPORARY = [69, 75]

export function open(context: SinkContext): Messenger {
  const command = path.resolve(context.from, context.values.needed('command'))
  const timeoutMs = TIMES * context.settings.general.number('timeout_seconds', 30_000)
  return {
    kind: 'message',
    send: async (parcel, id, before, key) => {
      const request = requestOf('deliver', parcel, id, before, key)
      if (context.rehearse !== null) {
        const files = [parcel.archive, ...parcel.reports].map((file) => fileLine(file))
        context.rehearse({ what: `run ${command}`, body: { ...request, files } })
        return { ref: '(ref)', url: null }
      }
      const folder = mkdtempSync(path.join(os.tmpdir(), 'conductor-stall-'))
      try {
        const files = [parcel.archive, ...parcel.reports].map(({ name, bytes, sha256, contentType }) => {
          const file = path.join(folder, name)
          writeFileSync(file, bytes, { mode: 0o600 })
          return { path: file, name, contentType, sizeBytes: bytes.length, sha256 }
        })
        return deliveredOf(await run(command, { ...request, files }, timeoutMs))
      } finally {
        rmSync(folder, { recursive: true, force: true })
      }
    },
    check: async () => [await check(command, timeoutMs)],
  }
}

async function check(command: string, timeoutMs: number): Promise<Check> {
  const answer = await run(command, { schema: 1, action: 'check' }, timeoutMs)
  const text = answer?.['text']
  return { ok: answer?.['ok'] !== false, text: typeof text === 'string' ? text.slice(0, 300) : `${command} runs` }
}

function requestOf(action: string, parcel: Parcel, id: string, before: Before, key: string | null): object {
  return {
    schema: 1,
    action,
    // The same for every attempt: a program that keeps it makes nothing twice.
    idempotencyKey: id,
    key,
    title: parcel.letter.title,
    text: letterAsText(parcel.letter),
    markdown: letterAsMarkdown(parcel.letter),
    marks: parcel.letter.marks,
    incident: parcel.letter.facts,
    count: before.count,
    before: before.first,
  }
}

function deliveredOf(answer: Record<string, unknown> | null): Delivered {
  const { ref, url } = answer ?? {}
  return {
    ref: typeof ref === 'string' ? ref.slice(0, 300) : 'done',
    url: typeof url === 'string' && /^https?:\/\//.test(url) ? url.slice(0, 2000) : null,
  }
}

/** The JSON object that it printed; null when it printed nothing. */
async function run(command: string, request: object, timeoutMs: number): Promise<Record<string, unknown> | null> {
  const child = spawn(command, [], { stdio: ['pipe', 'pipe', 'pipe'], shell: false })
  const output = { stdout: '', stderr: '' }
  let tooMuch = false
  const kill = setTimeout(() => child.kill('SIGKILL'), timeoutMs)
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      if (output[name].length + text.length <= MAX_OUTPUT) output[name] += text
      else {
        tooMuch = true
        child.kill('SIGKILL')
      }
    })
  }
  // A program that does not read its input is no fault of the delivery's.
  child.stdin.on('error', () => undefined)
  child.stdin.end(`${JSON.stringify(request)}\n`)
  const end = await new Promise<{ code: number | null; signal: string | null; error?: Error }>((resolve) => {
    child.once('error', (error) => resolve({ code: null, signal: null, error }))
    child.once('close', (code, signal) => resolve({ code, signal }))
  })
  clearTimeout(kill)
  if (end.error) throw refused(`${command} can't be run: ${end.error.message}`, 'Name a program that is executable.')
  if (tooMuch) throw refused(`${command} printed more than ${MAX_OUTPUT} bytes`)
  const said = output.stderr.trim().split('\n').at(-1)?.slice(0, 300) ?? ''
  if (end.signal !== null) throw unreachable(`${command} was ended by ${end.signal} (at most ${timeoutMs} ms): ${said}`)
  if (end.code !== 0) {
    const kind = TEMPORARY.includes(end.code ?? 0) ? 'unreachable' : 'refused'
    throw new SinkError(kind, `${command} ended with ${end.code}: ${said}`)
  }
  if (output.stdout.trim() === '') return null
  try {
    const value: unknown = JSON.parse(output.stdout)
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>
  } catch {
    // Said below.
  }
  throw refused(`${command} printed no JSON object`)
}
