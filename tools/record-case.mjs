// Makes a test case of any wedged process: what the memory engine reads of it to tell its awaits, redacted and bounded.
//   npm run record-case PID [NAME]
// The file goes to test/fixtures/recorded/cases/, where the unit tests replay it without that process, and without Node.
// Replayed it must say what the process said while it was recorded, else no file is written.
import { mkdirSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..')
const require = createRequire(import.meta.url)
const built = (file) => require(path.join(root, 'build', file))
const { openLiveMemory } = built('platform/memory/live-memory.js')
const { MemoryRecorder } = built('platform/memory/recorder.js')
const { decodeRecording, encodeRecording, openRecordedMemory } = built('platform/memory/recorded-memory.js')
const { openNodeBinary } = built('platform/runtime/node-binary.js')
const { resolveLayout } = built('v8/calibration/resolve.js')
const { openNativeProcess } = built('native/process/native-process.js')
const { V8Heap } = built('v8/heap/heap.js')
const { findIsolates } = built('v8/heap/isolates.js')
const { readAwaitTree } = built('awaits/read-awaits.js')
const { sayWaits } = built('report/wait/wait-words.js')
const { createRedactor } = built('redact/redactor.js')
const { ageMsOf } = built('platform/procfs/process.js')
const { readStat } = built('platform/procfs/stat.js')

const OUT = path.join(root, 'test/fixtures/recorded/cases')
/** What a case may weigh in the repository. */
const MAX_BYTES = 1 << 20
/** Longer reads are scans: of what they pass over only that is kept which is looked at afterwards. */
const SCAN_BYTES = 16 << 10
const DEADLINE_MS = 120_000

class CaseRecorder extends MemoryRecorder {
  #inner

  constructor(inner) {
    super(inner)
    this.#inner = inner
  }

  read(address, into, length = into.length) {
    return length > SCAN_BYTES ? this.#inner.read(address, into, length) : super.read(address, into, length)
  }
}

/** Classes of C++ objects are known by the binary: what was asked is kept as a table. */
function recordingClasses(native, asked) {
  return {
    classAt(address) {
      const name = native.classAt(address)
      asked.set(address, name)
      return name
    },
  }
}

function treeOf(heap, natives, isolates, uptimeMs) {
  return sayWaits(
    readAwaitTree(heap, {
      natives,
      isolates,
      tidOf: () => null,
      uptimeMs: () => uptimeMs,
      deadlineMs: performance.now() + DEADLINE_MS,
    }),
  )
}

/** What is compared: the functions, where they stand, and what they wait for. Times go on while a process is read. */
function essence(tree) {
  return tree.awaits
    .map(({ function: name, line, column, count, waitsFor }) => ({ name, line, column, count, waitsFor }))
    .map((each) =>
      JSON.parse(
        JSON.stringify(each, (key, value) =>
          key === 'dueInMs' || key === 'sinceMs' || key === 'summary' ? undefined : value,
        ),
      ),
    )
}

/** Texts in memory are redacted where they lie: a secret becomes as many `x`. */
function redactRuns(runs, redactor) {
  let changed = 0
  for (const { bytes } of runs) {
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
    for (const [encoding, width, pattern] of [
      ['latin1', 1, /[\x20-\x7e]{8,}/g],
      ['utf16le', 2, /[\x20-\x7e]{8,}/g],
    ]) {
      for (const { 0: text, index } of buffer.toString(encoding).matchAll(pattern)) {
        if (redactor.text(text) === text) continue
        changed++
        buffer.write('x'.repeat(text.length), index * width, encoding)
      }
    }
  }
  return changed
}

function fail(message) {
  process.stderr.write(`record-case: ${message}\n`)
  process.exit(1)
}

const pid = Number(process.argv[2])
if (!Number.isInteger(pid) || pid <= 0) fail('which process? npm run record-case PID [NAME]')
process.on('uncaughtException', (error) => fail(`${error.message}${error.help ? `\n  ${error.help}` : ''}`))
const proc = `/proc/${pid}`
const memory = openLiveMemory(proc)
const binary = openNodeBinary(proc, memory.mappings())
const { layout } = resolveLayout(binary, { cacheFolder: null })
const native = openNativeProcess(proc, memory, binary)
const uptimeMs = ageMsOf(readStat(proc).startTicks)
const isolates = findIsolates(new V8Heap(memory, layout))
const asked = new Map()
const recorder = new CaseRecorder(memory)
const live = treeOf(new V8Heap(recorder, layout), recordingClasses(native, asked), isolates, uptimeMs)
const redactor = createRedactor()
const recording = recorder.recording({
  buildId: layout.buildId,
  uptimeMs,
  isolates,
  classes: [...asked],
  waits: redactor.value(essence(live)),
})
const redacted = redactRuns(recording.runs, redactor)
const plain = recording.mappings.map((each) => ({
  ...each,
  path: each.path.startsWith('/') ? `/${path.basename(each.path)}` : each.path,
}))
const file = encodeRecording({ ...recording, mappings: plain })
if (file.length > MAX_BYTES) fail(`${file.length} bytes are more than a case may have (${MAX_BYTES})`)
const again = decodeRecording(file)
const classes = new Map(again.about.classes)
const replayed = treeOf(
  new V8Heap(openRecordedMemory(again), layout),
  { classAt: (address) => classes.get(address) ?? null },
  isolates,
  uptimeMs,
)
const [was, is] = [JSON.stringify(redactor.value(essence(live))), JSON.stringify(redactor.value(essence(replayed)))]
if (was !== is) {
  if (process.env.RECORD_CASE_DEBUG) process.stderr.write(`${was}\n\n${is}\n`)
  fail('replayed it says something else: does the process stand still? Try again.')
}
const name = (process.argv[3] ?? `case-${pid}`).replaceAll(/[^\w.-]/g, '-')
mkdirSync(OUT, { recursive: true })
writeFileSync(path.join(OUT, `${name}.mem.gz`), file)
process.stdout.write(
  `${path.join('test/fixtures/recorded/cases', `${name}.mem.gz`)}: ${file.length} bytes, ${live.awaits.length} awaits, ${redacted} texts redacted\n`,
)
memory.dispose()
