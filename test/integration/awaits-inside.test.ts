/** The same tree from inside: a thread of the process itself reads its own memory, while the main thread only waits. */
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import type { AwaitTree } from '../../src/model/await.js'
import { differences, programFile, readTruth } from '../support/await-oracle.js'
import { NODES, PROGRAMS, PROJECT_ROOT } from '../support/nodes.js'

/** Preloaded into the program: once it is ready, a Worker reads the awaits and prints them. */
const PRELOAD = `
const { Worker, isMainThread } = require('node:worker_threads')
if (isMainThread) setTimeout(() => {
  new Worker(${JSON.stringify(`
    const { openMemoryTarget } = require(process.env.BUILD + '/capture/memory-target.js')
    const { readAwaits } = require(process.env.BUILD + '/capture/read-awaits.js')
    const { createRedactor } = require(process.env.BUILD + '/redact/redactor.js')
    const target = { pid: process.pid, startTicks: null, procRoot: '/proc/self', inside: true }
    const memory = openMemoryTarget(target)
    const tree = readAwaits(memory, { target, deadlineMs: performance.now() + 60000, locals: false, redactor: createRedactor() })
    memory.dispose()
    require('node:fs').writeFileSync(process.env.OUT, JSON.stringify(tree))
    require('node:fs').writeSync(1, 'TREE\\n')
  `)}, { eval: true })
}, 700)
`

describe.each(NODES)('awaits from inside on Node $major', (node) => {
  it('are those that the program says, without the reading thread itself', async () => {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'awaits-inside-'))
    const preload = path.join(folder, 'preload.cjs')
    const out = path.join(folder, 'tree.json')
    writeFileSync(preload, PRELOAD)
    const file = programFile(PROGRAMS, 'locks.mjs')
    const child = spawn(node.path, ['--require', preload, file], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, NODE_OPTIONS: '', BUILD: path.join(PROJECT_ROOT, 'build'), OUT: out },
    })
    let errors = ''
    child.stderr.on('data', (data: Buffer) => (errors += data.toString()))
    try {
      await new Promise<void>((resolve, reject) => {
        child.stdout.on('data', (data: Buffer) => data.toString().includes('TREE') && resolve())
        child.once('exit', () => reject(new Error(errors)))
        setTimeout(() => reject(new Error(`no tree in 60 s: ${errors}`)), 60_000).unref()
      })
      const tree = JSON.parse(readFileSync(out, 'utf8')) as AwaitTree
      expect(differences(tree, readTruth(file))).toEqual([])
      expect(tree.awaits.every((each) => each.tid === child.pid)).toBe(true)
    } finally {
      child.removeAllListeners('exit')
      child.kill('SIGKILL')
      rmSync(folder, { recursive: true, force: true })
    }
  })
})
