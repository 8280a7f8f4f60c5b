// Records what the memory engine reads of a process with a known stack, one small file a Node line:
//   npm run build && node tools/record-stacks.mjs
// The unit tests replay the files on any machine. Program and binary are copied to a neutral folder and run with an
// empty environment, so that nothing of the machine that recorded them is in the files.
import { spawn } from 'node:child_process'
import { copyFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..')
const require = createRequire(import.meta.url)
const built = (file) => require(path.join(root, 'build', file))
const { openLiveMemory } = built('platform/memory/live-memory.js')
const { MemoryRecorder } = built('platform/memory/recorder.js')
const { encodeRecording } = built('platform/memory/recorded-memory.js')
const { readRawSyscall } = built('platform/procfs/syscall.js')
const { resolveLayout } = built('v8/calibration/resolve.js')
const { openNodeBinary } = built('platform/runtime/node-binary.js')
const { V8Heap } = built('v8/heap/heap.js')
const { findIsolates } = built('v8/heap/isolates.js')
const { StackReader } = built('v8/stack/thread-stack.js')

const PROGRAMS = ['truth-shapes.cjs', 'truth-hot.cjs', 'truth-minified.cjs']
const MAX_BYTES = 400_000
const folder = '/tmp/stall-record'

function said(child) {
  return new Promise((resolve, reject) => {
    createInterface({ input: child.stdout }).once('line', (line) => resolve(JSON.parse(line)))
    child.once('exit', () => reject(new Error('the program ended before it paused')))
  })
}

async function record(major, program) {
  const binary = path.join(folder, `node${major}`)
  const child = spawn(binary, [path.join(folder, program)], {
    cwd: folder,
    env: { TRUTH: 'read' },
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  try {
    const truth = await said(child)
    await new Promise((resolve) => setTimeout(resolve, 300))
    const proc = `/proc/${child.pid}`
    const memory = openLiveMemory(proc)
    const { layout } = resolveLayout(openNodeBinary(proc, memory.mappings()), { cacheFolder: null })
    const recorder = new MemoryRecorder(memory)
    const heap = new V8Heap(recorder, layout)
    const [isolate] = findIsolates(heap)
    const registers = readRawSyscall(proc, child.pid)
    const look = new StackReader(heap).read(isolate.address, { registers: () => registers })
    if (look.kind !== 'exact') throw new Error(`${program} on ${major}: ${look.kind}`)
    const file = encodeRecording(
      recorder.recording({
        node: truth.version,
        buildId: layout.buildId,
        program,
        sp: registers.sp,
        pc: registers.pc,
        truth: truth.frames,
      }),
    )
    if (file.length > MAX_BYTES) throw new Error(`${program} on ${major}: ${file.length} bytes`)
    const name = `node${major}-${program.replace(/\.c?js$/, '')}.mem.gz`
    writeFileSync(path.join(root, 'test/fixtures/recorded', name), file)
    console.log(name, file.length, look.frames.length, 'frames')
    memory.dispose()
  } finally {
    child.kill('SIGKILL')
  }
}

mkdirSync(folder, { recursive: true })
for (const program of [...PROGRAMS, 'truth-pause.cjs']) {
  copyFileSync(path.join(root, 'test/fixtures/programs', program), path.join(folder, program))
}
for (const major of [20, 22, 24, 26]) {
  copyFileSync(path.join(root, `test/nodes/node_modules/node${major}/bin/node`), path.join(folder, `node${major}`))
  for (const program of PROGRAMS) await record(major, program)
}
rmSync(folder, { recursive: true })
