// npm run truth -- [--seconds N] [--node PATH ...] [--stop]: how true a profile from outside is. Each program says in
// truth-programs.mjs who may call whom; a sample with any other neighbours is impossible. The distance is that between
// the shares of time, function by function, of our profile and of V8's own (--cpu-prof, started with the process).
import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { putInto, table } from './page.mjs'
import { TRUTHS } from './truth-programs.mjs'

const here = path.dirname(fileURLToPath(import.meta.url))
const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '5' },
    rate: { type: 'string', default: '100' },
    node: { type: 'string', multiple: true },
    only: { type: 'string' },
    stop: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    docs: { type: 'boolean', default: false },
  },
})
const nodes = values.node ?? defaultNodes()
const MARK = ' (probable)'

function defaultNodes() {
  const folder = path.join(here, '../test/nodes/node_modules')
  const found = [20, 22, 24, 26].map((major) => path.join(folder, `node${major}/bin/node`))
  return found.filter((file) => {
    try {
      return execFileSync(file, ['--version']).length > 0
    } catch {
      return false
    }
  })
}

/** Stacks outermost first, `[{name, probable}]`, each with its count; only the program's own functions and builtins. */
function parseCollapsed(text) {
  return text.split('\n').flatMap((line) => {
    const match = /^(.*) (\d+)$/.exec(line)
    if (!match) return []
    const stack = match[1].split(';').flatMap((frame) => {
      const [name, file = ''] = frame.split('@')
      if (file.startsWith('node:')) return []
      const probable = name.endsWith(MARK.replaceAll(' ', '_'))
      return [{ name: probable ? name.slice(0, -MARK.length) : name, file, probable }]
    })
    return [{ stack, count: Number(match[2]) }]
  })
}

/** 0 nothing, 1 impossible only if frames marked as probable are believed, 2 impossible without them. */
function verdictOn(stack, callers) {
  const check = (frames) =>
    frames.some(({ name }, index) => {
      const allowed = callers[name]
      const caller = frames.slice(0, index).findLast((each) => callers[each.name] !== undefined)
      return allowed !== undefined && (caller === undefined ? allowed.length > 0 : !allowed.includes(caller.name))
    })
  if (check(stack.filter(({ probable }) => !probable))) return 2
  return check(stack) ? 1 : 0
}

/** The program's innermost function, with what is inlined counted for its caller. */
function ownerOf(stack, { callers, inlined }) {
  const own = stack.filter(({ name }) => callers[name] !== undefined).map(({ name }) => name)
  while (own.length > 1 && inlined[own.at(-1)] !== undefined) own.pop()
  return own.at(-1) ?? '(none)'
}

function sharesOf(stacks, truth) {
  const shares = new Map()
  let total = 0
  for (const { stack, count } of stacks) {
    const owner = ownerOf(stack, truth)
    // Time outside of the program's functions is told differently by each profiler.
    if (owner === '(none)') continue
    shares.set(owner, (shares.get(owner) ?? 0) + count)
    total += count
  }
  return new Map([...shares].map(([name, count]) => [name, count / total]))
}

/** Half the sum of differences: 0 the same, 1 nothing in common. */
function distance(one, other) {
  const names = new Set([...one.keys(), ...other.keys()])
  return [...names].reduce((sum, name) => sum + Math.abs((one.get(name) ?? 0) - (other.get(name) ?? 0)), 0) / 2
}

const top = (shares) =>
  [...shares]
    .sort((a, b) => b[1] - a[1])
    .slice(0, 3)
    .map(([name]) => name)

async function reference(node, file) {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'truth-'))
  try {
    const child = spawn(node, ['--cpu-prof', '--cpu-prof-dir', folder, '--cpu-prof-interval', '1000', file], {
      env: { ...process.env, TRUTH_SECONDS: values.seconds },
      stdio: 'inherit',
    })
    await new Promise((resolve) => child.once('exit', resolve))
    const profile = JSON.parse(readFileSync(path.join(folder, readdirSync(folder)[0]), 'utf8'))
    const nodesById = new Map(profile.nodes.map((each) => [each.id, each]))
    const parent = new Map(profile.nodes.flatMap((each) => (each.children ?? []).map((id) => [id, each.id])))
    return profile.nodes
      .filter((each) => each.hitCount > 0)
      .map((each) => {
        const stack = []
        for (let id = each.id; id !== undefined; id = parent.get(id)) {
          stack.unshift({ name: nodesById.get(id).callFrame.functionName, probable: false })
        }
        return { stack, count: each.hitCount }
      })
  } finally {
    rmSync(folder, { recursive: true })
  }
}

async function sampled(node, file) {
  const child = spawn(node, [file], { stdio: 'inherit' })
  try {
    await new Promise((resolve) => setTimeout(resolve, 1000))
    const cli = path.join(here, '../bin/conductor-diag.js')
    const args = [
      cli,
      'record',
      String(child.pid),
      '-d',
      values.seconds,
      '-r',
      values.rate,
      '-f',
      'collapsed',
      '-o',
      '-',
      '--json',
      ...(values.stop ? ['--stop'] : []),
    ]
    const recorder = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] })
    let out = ''
    let said = ''
    recorder.stdout.on('data', (data) => (out += data))
    recorder.stderr.on('data', (data) => (said += data))
    await new Promise((resolve) => recorder.once('close', resolve))
    const { samples, missed } = JSON.parse(said.slice(said.indexOf('{')))
    return { stacks: parseCollapsed(out), samples, missed }
  } finally {
    child.kill('SIGKILL')
  }
}

const rows = []
for (const node of nodes) {
  const version = execFileSync(node, ['--version']).toString().trim()
  for (const [name, truth] of Object.entries(TRUTHS)) {
    if (values.only !== undefined && values.only !== name) continue
    const file = path.join(here, 'programs/truth', `${name}.cjs`)
    const known = sharesOf(await reference(node, file), truth)
    const { stacks, samples, missed } = await sampled(node, file)
    const counts = [0, 0, 0]
    for (const { stack, count } of stacks) counts[verdictOn(stack, truth.callers)] += count
    if (process.env.TRUTH_SHOW)
      for (const { stack, count } of stacks)
        if (verdictOn(stack, truth.callers) > 0)
          console.error(count, stack.map((f) => f.name + (f.probable ? '?' : '')).join(' '))
    const ours = sharesOf(stacks, truth)
    rows.push({
      node: version,
      program: name,
      turns: samples + missed,
      samples,
      impossible: counts[2],
      'impossible, probable': counts[1],
      distance: Number(distance(ours, known).toFixed(3)),
      ours: top(ours).join(' '),
      v8: top(known).join(' '),
    })
    if (!values.json) console.error(Object.values(rows.at(-1)).join('  '))
  }
}
if (values.json) console.log(JSON.stringify(rows, null, 2))
else
  console.log(
    table(
      Object.keys(rows[0] ?? {}),
      rows.map((row) => Object.values(row)),
    ),
  )
if (values.docs) {
  const mark = values.stop ? 'truth-stop' : 'truth'
  const options = `--seconds ${values.seconds} --rate ${values.rate}${values.stop ? ' --stop' : ''}`
  putInto(
    mark,
    [
      table(
        Object.keys(rows[0] ?? {}),
        rows.map((row) => Object.values(row)),
      ),
    ],
    `npm run truth -- ${options}`,
  )
}
