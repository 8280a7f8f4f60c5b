// Compares a verdict with what the scenario expects. Only the first verdict counts: it is what an operator acts on.
import { rename } from './variants.mjs'

const NO_STALL = ['beating', 'idle', 'unknown']

export function judge({ scenario, side, variant, built, found, major }) {
  const expected = expectation(scenario, variant)
  if (found.why !== undefined) return { status: 'wrong', expected, why: found.why }
  const [first] = found.manifest?.verdicts ?? []
  const report = {
    expected,
    found: first === undefined ? 'no incident' : nameOf(first),
    confidence: first?.confidence ?? '',
    pausedMs: found.manifest?.cost?.pausedMs ?? 0,
    place: first?.where ? `${first.where.function}:${first.where.line}` : '',
    summary: first?.summary,
  }
  const node = found.manifest?.process?.node
  if (node != null && !node.startsWith(`v${major}.`)) return { ...report, status: 'wrong', why: `ran on ${node}` }
  const why = scenario.control
    ? controlFault(first, side)
    : (fault(scenario, variant, built, first) ??
      absent(scenario, found.manifest.verdicts) ??
      wording(scenario, variant, first) ??
      (side === 'inside' ? unexplained(found.manifest) : null))
  return { ...report, status: why === null ? 'right' : 'wrong', ...(why === null ? {} : { why }) }
}

const LOOK = ['kernel', 'stacks', 'heap', 'awaits', 'pool', 'debugger', 'starvation']

/** What a bundle neither has nor says why it has not. */
function unexplained({ artifacts, missing }) {
  const told = new Set([...artifacts, ...missing].map(({ name }) => name))
  const wanted = [
    ...LOOK.map((part) => `look-1-${part}.json`),
    ...(told.has('look-2') ? [] : LOOK.map((part) => `look-2-${part}.json`)),
    'samples.json',
    'cpu.cpuprofile',
    'environment.json',
    'evidence.json',
    'clocks.json',
  ]
  const absent = wanted.filter((name) => !told.has(name))
  const silent = missing.filter(({ message }) => message === '').map(({ name }) => name)
  if (absent.length > 0) return `the bundle lacks ${absent.join(', ')} and does not say why`
  return silent.length > 0 ? `no reason is given for ${silent.join(', ')}` : null
}

/** From outside a guess marked as one does no harm; a claim does. Inside there must be no incident at all. */
function controlFault(first, side) {
  if (first !== undefined && side === 'inside') return `a healthy worker left an incident: ${nameOf(first)}`
  if (first === undefined || NO_STALL.includes(first.kind) || first.confidence === 'low') return null
  return `a healthy worker was called ${nameOf(first)} (${first.confidence}): ${first.summary}`
}

function fault(scenario, variant, built, first) {
  if (first === undefined) return 'no verdict'
  if (first.kind !== scenario.kind || first.cause !== scenario.cause) return `got ${nameOf(first)}: ${first.summary}`
  if (scenario.where === undefined) return null
  if (scenario.where === false) return first.where === null ? null : 'names a place where no code is to blame'
  const names = scenario.where.map((name) => rename(name, variant))
  if (first.where === null) return 'names no place'
  if (!names.includes(first.where.function)) return `names ${first.where.function}, not ${names.join(' or ')}`
  if (first.where.file !== built.file) return `names the file ${first.where.file}`
  // Marked as that of the function's loop, or of its definition: it is not claimed to be where the call is.
  if (first.where.lineOf !== undefined) return null
  if (!built.lines.includes(first.where.line)) return `names line ${first.where.line}, not ${built.lines.join(' or ')}`
  return null
}

function absent({ also }, verdicts) {
  if (also === undefined || verdicts.some((verdict) => verdict.cause === also)) return null
  return `${also} is not among the verdicts: ${verdicts.map(nameOf).join(', ')}`
}

/** What an operator needs beside the cause, and what would send one astray. */
function wording({ says, never }, variant, first) {
  const said = [first.summary, first.nextStep, ...first.signs].join('\n')
  const wanted = says && new RegExp(says.source.replaceAll(/w_\w+/g, (name) => rename(name, variant)))
  if (wanted && !wanted.test(said)) return `says nothing of ${wanted}: ${first.summary}`
  if (never !== undefined && never.test(said)) return `says ${never}: ${first.summary}`
  return null
}

function nameOf(verdict) {
  return verdict.cause === null ? verdict.kind : `${verdict.kind}/${verdict.cause}`
}

function expectation(scenario, variant) {
  if (scenario.control) return 'no stall'
  const place = !scenario.where ? '' : ` in ${scenario.where.map((name) => rename(name, variant)).join(' or ')}`
  return `${nameOf({ kind: scenario.kind, cause: scenario.cause })}${place}`
}
