// What came of the cells, judged, and as a page of the documents.
import path from 'node:path'

export const HEAD =
  '| SDK | module | Node | wedge | noticed after | said | place | task named | restarted | polls again | |\n' +
  '|---|---|---|---|---|---|---|---|---|---|---|'

/** `ok`, or what was not as it should be. */
export function judge(result) {
  const { wedge, verdict } = result
  if (result.error !== undefined) return result.error
  if (result.isControl) return result.incidents === 0 && result.restarts === 0 ? 'ok' : `${result.incidents} incidents`
  if (result.noticedMs === null) return 'not noticed'
  const said = nameOf(verdict)
  const wrong = []
  if (!wedge.says.includes(said)) wrong.push(`said ${said}`)
  if (wedge.place && !wedge.place.test(verdict?.where?.file ?? '')) wrong.push(`place ${path.basename(verdict?.where?.file ?? 'none')}`)
  if (wedge.task && !/task-\d+/.test(verdict?.summary ?? '')) wrong.push('task not named')
  if (wedge.ends && !result.restarted) wrong.push('not restarted')
  if (result.restarted && !result.again) wrong.push('does not poll again')
  return wrong.length === 0 ? 'ok' : wrong.join('; ')
}

const nameOf = (verdict) => (verdict ? [verdict.kind, verdict.cause].filter(Boolean).join('/') : 'none')
const yes = (flag) => (flag ? 'yes' : 'no')

const oneLine = (text) => text.replaceAll(/\s+/g, ' ').replaceAll('|', '/').slice(0, 200)

export function rowOf(result) {
  const { verdict } = result
  const where = verdict?.where ? `${path.basename(verdict.where.file)}:${verdict.where.line}` : '-'
  const cells = result.isControl
    ? ['-', `${result.incidents ?? '?'} incidents`, '-', '-', '-', '-']
    : [
        result.noticedMs == null ? '-' : `${(result.noticedMs / 1000).toFixed(1)} s`,
        `${nameOf(verdict)}${verdict ? ` (${verdict.confidence})` : ''}`,
        where,
        yes(/task-\d+/.test(verdict?.summary ?? '')),
        yes(result.restarted),
        yes(result.again),
      ]
  return `| ${[result.sdk, result.kind, result.node, result.name, ...cells, oneLine(result.judged)].join(' | ')} |`
}


const range = (values) => {
  const known = values.filter((ms) => ms != null).map((ms) => ms / 1000)
  if (known.length === 0) return '-'
  return `${Math.min(...known).toFixed(1)} to ${Math.max(...known).toFixed(1)} s`
}

/** One row a wedge and line of the SDK: how many of its cells were right, and what was said in them. */
function summaryRow(name, sdk, results) {
  const right = results.filter(({ judged }) => judged === 'ok').length
  const said = results[0].isControl
    ? `${results.reduce((sum, { incidents }) => sum + (incidents ?? 0), 0)} incidents`
    : [...new Set(results.map(({ verdict }) => nameOf(verdict)))].join(', ')
  return `| ${name} | ${sdk} | ${right} of ${results.length} | ${range(results.map(({ noticedMs }) => noticedMs))} | ${said} |`
}

/** @param cells in the order in which they are to be shown */
export function pageOf(results, cells) {
  const order = [...new Map(cells.map((cell) => [`${cell.name} ${cell.sdk}`, cell])).values()]
  const right = results.filter(({ judged }) => judged === 'ok').length
  const summary = order.flatMap(({ name, sdk }) => {
    const its = results.filter((result) => result.name === name && result.sdk === sdk)
    return its.length === 0 ? [] : [summaryRow(name, sdk, its)]
  })
  const rank = (result) => order.findIndex(({ name, sdk }) => name === result.name && sdk === result.sdk)
  const rows = results.toSorted((a, b) => rank(a) - rank(b) || a.node - b.node || a.kind.localeCompare(b.kind))
  return `# Wedges on every line of Conductor’s SDK

Made by \`npm run wedges -- --all --docs\`: each row is a worker on the real SDK under
\`conductor-diag run\`, against the small server
of the tests. Thresholds: warning after 2 s, end after 6 s of silence, or after 8 s without an answered poll. The last
incident before the end counts.

${results.length} of the ${cells.length} cells were run, ${right} of them right; on two busy cores, which delays what is noticed.

Modules: \`cjs\` and \`mjs\` as they are; \`bundle\` is one file made by esbuild, its SDK handed over by one line
([Conductor](../conductor.md)); \`wire\` the same without that line, where only what the wire shows can be noticed.

| wedge | SDK | right | noticed after | said |
|---|---|---|---|---|
${summary.join('\n')}

## Every cell

${HEAD}
${rows.map(rowOf).join('\n')}
`
}
