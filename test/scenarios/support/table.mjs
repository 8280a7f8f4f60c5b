// The result as a table for a terminal and as a page of the docs.

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

/** Written by `npm run scenarios -- --write`, never by hand. */
export function toMarkdown(results, { date, version, cpus, load }) {
  const { right, wrong, skipped } = totals(results)
  const rows = summarise(results)
  return `# Scenarios

Real programs, really wedged, and what was said of each. Made by \`npm run scenarios -- --write\` on ${date} with version ${version}: ${right} right, ${wrong} wrong, ${skipped} skipped. Programs come in two variants (other names, other files, another depth of calls); run here: ${variants(results)}. A cell counts right answers, with the lowest confidence among them and the median time to the verdict; ${cpus} cores, load average ${load} at the end.

| scenario | expected | side | Node | right | confidence | time | pause |
|---|---|---|---|---|---|---|---|
${rows.map((row) => `| ${row.join(' | ')} |`).join('\n')}

## What went wrong or was left out

${remarks(results)}
`
}

function variants(results) {
  return [...new Set(results.map((result) => `${result.variant} on Node ${result.node} ${result.side}`))].join(', ')
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
    return [
      group[0].scenario,
      expected,
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

function remarks(results) {
  const said = results.filter((result) => result.why !== undefined)
  if (said.length === 0) return 'Nothing.'
  const lines = said.map(
    (result) => `- ${result.scenario}, Node ${result.node}, ${result.side}, variant ${result.variant}: ${result.why}`,
  )
  return [...new Set(lines)].join('\n')
}
