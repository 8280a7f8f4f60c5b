/**
 * What comes from other processes and people, damaged at random: it is read, or refused with one error of ours. Every
 * other error is a bug; it is told with the seed and the input, which then belongs into the corpus
 * (test/fixtures/fuzz). `npm run fuzz -- --minutes N` goes on for longer; the suite makes a fixed number of rounds.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { readSettings } from '../../../src/config/settings.js'
import { parseSettingsFile } from '../../../src/config/settings-file.js'
import { readBundle, verifyBundle } from '../../../src/incident/bundle-reader.js'
import { checkResult, parseMessage } from '../../../src/inspector/connection/cdp-message.js'
import { SnapshotParser } from '../../../src/inspector/heap/snapshot-parser.js'
import { parseAsyncRows } from '../../../src/inspector/stack/async-parents.js'
import { frameOf } from '../../../src/inspector/stack/frames.js'
import { summarizeProfile } from '../../../src/inspector/stack/profile-summary.js'
import { StallError } from '../../../src/model/stall-error.js'
import { createLineSplitter } from '../../../src/platform/control/lines.js'
import { checkResult as checkReply, errorOf, parseReply, parseRequest } from '../../../src/platform/control/protocol.js'
import { elfOfBytes } from '../../../src/platform/elf/elf-file.js'
import { parseCgroupMounts, parseMemberships } from '../../../src/platform/procfs/cgroup.js'
import { parseMaps } from '../../../src/platform/procfs/maps.js'
import { parsePressureTotalMs } from '../../../src/platform/procfs/pressure.js'
import { parseNameservers } from '../../../src/platform/procfs/resolv.js'
import { parseSocketTable } from '../../../src/platform/procfs/sockets.js'
import { parseStat } from '../../../src/platform/procfs/stat.js'
import { parseStatus } from '../../../src/platform/procfs/status.js'
import { decodeSyscall, parseSyscall } from '../../../src/platform/procfs/syscall.js'
import { parseSchedstat } from '../../../src/platform/procfs/threads.js'
import { parseUnixTable } from '../../../src/platform/procfs/unix-sockets.js'
import { fromCpuProfile } from '../../../src/profile/from-cpu-profile.js'
import { createRedactor } from '../../../src/redact/redactor.js'
import { renderIncident } from '../../../src/report/incident-text.js'
import { renderMarkdown } from '../../../src/report/markdown/render-markdown.js'
import { readCachedLayout } from '../../../src/v8/layouts/cache.js'
import { temporaryFolder } from '../../support/incidents.js'
import { mutate, randomOf } from './mutate.js'

const CORPUS = path.resolve(__dirname, '../../fixtures/fuzz')
const SEED = Number(process.env['STALL_FUZZ_SEED'] ?? 20_261_129)
const MINUTES = Number(process.env['STALL_FUZZ_MINUTES'] ?? 0)
const ROUNDS = 400

const temporary = temporaryFolder('fuzz')
afterAll(() => temporary.remove())

const text =
  (read: (content: string) => unknown) =>
  (bytes: Buffer): unknown =>
    read(bytes.toString('latin1'))

function readElf(bytes: Buffer): void {
  const elf = elfOfBytes(bytes)
  elf.readVirtual(0x600000, 64)
  elf.readInt32(0x600000)
  elf.symbols.find(['main'], ['v8dbg_'])
  elf.symbols.prepare([0x600010])
  elf.symbols.nearest(0x600010)
  elf.dispose()
}

/** Read, verified, and shown in each way there is. */
function readIncident(bytes: Buffer): void {
  const folder = path.join(temporary.path, '01M8JMEPYCTWMDQ52482TEAHQX')
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder)
  writeFileSync(path.join(folder, 'incident.json'), bytes)
  verifyBundle(folder)
  const { manifest, state } = readBundle(folder)
  const shown = { manifest, evidence: null, excerpts: [] }
  renderIncident({ ...shown, path: folder, state }, { color: false, verbose: true })
  renderMarkdown(shown)
}

function readLayout(bytes: Buffer): void {
  const buildId = 'ab12cd34ab12cd34'
  writeFileSync(path.join(temporary.path, `${buildId}.json`), bytes, { mode: 0o600 })
  readCachedLayout(temporary.path, buildId)
}

function readLines(bytes: Buffer, parse: (line: string) => unknown): void {
  for (const line of createLineSplitter(16_384).push(bytes) ?? []) parse(line)
}

function readReply(line: string): void {
  const reply = parseReply(line)
  if (reply.type === 'error') errorOf(reply.error)
  if (reply.type !== 'result') return
  for (const method of ['capture', 'status'] as const) {
    attempt(() => checkReply(method, reply.result), Buffer.from(line), method)
  }
}

/** What each answer and event is used for, once it has the shape for it. */
const CDP_ANSWERS: Readonly<Record<string, (answer: never) => unknown>> = {
  'Runtime.evaluate': ({ result }: { result: { value?: unknown } }) => parseAsyncRows(result.value),
  'Runtime.getProperties': () => undefined,
  'Runtime.getHeapUsage': () => undefined,
  'HeapProfiler.getObjectByHeapObjectId': () => undefined,
  'Profiler.stop': ({ profile }: { profile: Parameters<typeof summarizeProfile>[0] }) => {
    summarizeProfile(profile, 'cpu.cpuprofile')
    fromCpuProfile(profile)
  },
}
const CDP_EVENTS: Readonly<Record<string, (params: never) => unknown>> = {
  'Debugger.paused': ({ callFrames }: { callFrames: Parameters<typeof frameOf>[0][] }) =>
    callFrames.map((call) => frameOf(call, new Map())),
  'HeapProfiler.addHeapSnapshotChunk': ({ chunk }: { chunk: string }) => {
    const parser = new SnapshotParser({ maxBytes: 1 << 20 })
    parser.feed(chunk)
    parser.finish()
  },
}

/** Every line for itself: one that is refused does not spare the next. */
function readCdp(line: string): void {
  const message = parseMessage(line)
  if (message.kind === 'event') CDP_EVENTS[message.method]?.(message.params as never)
  if (message.kind !== 'result') return
  for (const [method, use] of Object.entries(CDP_ANSWERS)) {
    attempt(() => use(checkResult(method, message.result) as never), Buffer.from(line), method)
  }
}

const TARGETS: Readonly<Record<string, (bytes: Buffer) => unknown>> = {
  'tiny.elf': readElf,
  'incident.json': readIncident,
  'layout.json': readLayout,
  'cdp-messages.ndjson': text((content) => {
    for (const line of content.split('\n').filter(Boolean)) {
      attempt(() => readCdp(line), Buffer.from(line), 'a message of the inspector')
    }
  }),
  'control-replies.ndjson': (bytes) => readLines(bytes, readReply),
  'control-requests.ndjson': (bytes) => readLines(bytes, parseRequest),
  'settings.yaml': text((content) => readSettings(parseSettingsFile(content, 'settings.yaml').env)),
  'proc-status.txt': text(parseStatus),
  'proc-stat.txt': text(parseStat),
  'proc-maps.txt': text(parseMaps),
  'proc-schedstat.txt': text(parseSchedstat),
  'proc-cgroup.txt': text(parseMemberships),
  'proc-mountinfo.txt': text(parseCgroupMounts),
  'proc-tcp.txt': text(parseSocketTable),
  'proc-unix.txt': text(parseUnixTable),
  'proc-pressure.txt': text((content) => parsePressureTotalMs(content, 'full')),
  'proc-syscall.txt': text((content) => {
    const raw = parseSyscall(content)
    return raw === null ? null : decodeSyscall(raw, '/proc/self')
  }),
  'resolv.conf': text(parseNameservers),
}

function attempt(target: (bytes: Buffer) => unknown, bytes: Buffer, what: string): void {
  try {
    target(bytes)
  } catch (thrown) {
    if (thrown instanceof StallError && thrown.code !== 'ERR_STALL_INTERNAL') return
    throw new Error(`${what}: ${String(thrown)}\ninput (base64): ${bytes.toString('base64').slice(0, 20_000)}`, {
      cause: thrown,
    })
  }
}

test.each(Object.entries(TARGETS))(
  'reads %s as it is, and damaged in any way refuses it with an error of ours',
  (name, target) => {
    const original = readFileSync(path.join(CORPUS, name))
    expect(() => target(original)).not.toThrow()
    const random = randomOf(SEED)
    const until = performance.now() + (MINUTES * 60_000) / Object.keys(TARGETS).length
    let before: Buffer = original
    for (let round = 0; round < ROUNDS || performance.now() < until; round++) {
      // Every fourth builds on the one before: damage adds up.
      const input = mutate(round % 4 === 3 && before.length < 262_144 ? before : original, random)
      attempt(target, input, `${name}, seed ${SEED}, round ${round}`)
      before = input
    }
  },
  600_000 + MINUTES * 60_000,
)

test('redacts any text, and never throws', () => {
  const random = randomOf(SEED)
  const original = Buffer.concat(
    Object.keys(TARGETS).map((name) => readFileSync(path.join(CORPUS, name)).subarray(0, 2000)),
  )
  for (let round = 0; round < ROUNDS / 4; round++) {
    const redactor = createRedactor()
    const input = mutate(original, random).toString('latin1')
    redactor.text(input)
    redactor.text(input, { code: true })
    redactor.argv(input.split(' '))
    redactor.named(input.slice(0, 20), input)
  }
})
