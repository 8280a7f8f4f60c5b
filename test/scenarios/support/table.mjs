// The result as lines and a table for a terminal, and as a page of the docs.

export function lineOf(result) {
  const mark = { right: 'ok  ', wrong: 'FAIL', skipped: 'skip' }[result.status]
  const head = `${mark} ${result.scenario.padEnd(32)} ${String(result.node).padEnd(3)} ${result.side.padEnd(8)} ${result.variant}`
  const figures =
    result.status === 'skipped'
      ? ''
      : `  ${result.found ?? ''} ${result.confidence ?? ''} ${result.place ?? ''} ${result.tookMs ?? ''} ms, paused ${Math.round(result.pausedMs ?? 0)} ms`
  return `${head}${figures}${result.why === undefined ? '' : `\n       ${result.why}`}`
}

export function totals(results) {
  const count = (status) => results.filter((result) => result.status === status).length
  return { right: count('right'), wrong: count('wrong'), skipped: count('skipped') }
}

const HEAD = ['scenario', 'expected', 'found', 'side', 'Node', 'right', 'confidence', 'time to verdict', 'pause']

/** One row a scenario and side, for a terminal. */
export function toText(results) {
  const rows = [HEAD, ...summarise(results)]
  const widths = HEAD.map((_, column) => Math.max(...rows.map((row) => row[column].length)))
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column]))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

/** Written by `npm run scenarios -- --write`, never by hand. */
export function toMarkdown(results, { date, version, cpus }) {
  const { right, wrong, skipped } = totals(results)
  const rows = [HEAD, HEAD.map(() => '---'), ...summarise(results)]
  return `# Scenarios

Real programs, really wedged, and what was said of each. Made by \`npm run scenarios -- --write\` on ${date} with version ${version}: ${right} right, ${wrong} wrong, ${skipped} skipped. Programs come in two variants (other names, other files, another depth of calls); run here: ${variants(results)}.

The first verdict alone counts: its kind and cause, and function, file and line where the catalogue has a place (a line that is marked as that of the function's loop or definition is not compared). A cell counts right answers, with the lowest confidence among them, the median time from the question (outside) or the wedge (inside) to the verdict, and the longest pause of the process; ${cpus} cores, several at a time.

${rows.map((row) => `| ${row.join(' | ')} |`).join('\n')}

## What went wrong or was left out

${remarks(results)}
`
}

/** `a on Node 20, 24 outside`: which were run, not each of them. */
function variants(results) {
  const groups = new Map()
  for (const { variant, node, side } of results) {
    const key = `${variant} ${side}`
    groups.set(key, (groups.get(key) ?? new Set()).add(node))
  }
  return [...groups]
    .map(([key, nodes]) => `${key} on Node ${[...nodes].toSorted((a, b) => a - b).join(', ')}`)
    .toSorted((a, b) => a.localeCompare(b))
    .join('; ')
}

function summarise(results) {
  const groups = new Map()
  for (const result of results) {
    const key = `${result.scenario}|${result.side}`
    groups.set(key, [...(groups.get(key) ?? []), result])
  }
  return [...groups.values()].map((group) => {
    const ran = group.filter((result) => result.status !== 'skipped')
    const right = ran.filter((result) => result.status === 'right')
    const nodes = [...new Set(ran.map((result) => result.node))].join(' ')
    const expected = (group.find((result) => result.expected)?.expected ?? '').split(' in ')[0]
    const found = [...new Set(ran.map((result) => result.found ?? 'nothing'))]
    return [
      group[0].scenario,
      expected,
      found.join(', '),
      group[0].side,
      nodes === '' ? '-' : nodes,
      ran.length === 0 ? 'skipped' : `${right.length} of ${ran.length}`,
      lowest(right.map((result) => result.confidence)),
      ran.length === 0 ? '' : `${median(ran.map((result) => result.tookMs ?? 0))} ms`,
      ran.length === 0 ? '' : `${Math.round(Math.max(...ran.map((result) => result.pausedMs ?? 0)))} ms`,
    ]
  })
}

function lowest(confidences) {
  return ['low', 'medium', 'high'].find((each) => confidences.includes(each)) ?? ''
}

function median(values) {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0
}

/** Alike on several lines and sides, said once. */
function remarks(results) {
  const groups = new Map()
  for (const result of results.filter((each) => each.why !== undefined)) {
    const key = `${result.scenario}: ${result.why}`
    const where = `${result.node} ${result.side} ${result.variant}`
    groups.set(key, [...(groups.get(key) ?? []), where])
  }
  if (groups.size === 0) return 'Nothing.'
  return [...groups].map(([what, where]) => `- ${what} (${where.join(', ')})`).join('\n')
}
