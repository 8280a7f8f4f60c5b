// What came of the cells, judged, and as the table of docs/run.md.
import { LINES, WEDGES, WORKERS } from './cells.mjs'

const PROGRAM = /\/(?:server|run-worker)\.cjs$/

const nameOf = ({ kind, cause }) => [kind, cause].filter(Boolean).join('/')

/** `ok`, or everything that was not as it should be. */
export function judge({ worker, wedge, error, ended, stories, sealed, last, restarted }) {
  if (error !== undefined) return error
  const its = last?.verdicts.find((verdict) => wedge.says.test(nameOf(verdict)))
  const said = last?.verdicts.map(nameOf).join(', ') ?? 'nothing'
  const wrong = [
    ended.exitCode === 70 ? null : `exit code ${ended.exitCode}`,
    stories === 1 ? null : `${stories} incidents`,
    sealed ? null : 'the end has no sealed bundle',
    its ? null : `said ${said}`,
    !its || PROGRAM.test(its.where?.file ?? '') ? null : `place ${its.where?.file ?? 'none'} in ${worker.name}`,
    restarted ? null : 'not restarted',
  ].filter(Boolean)
  return wrong.length === 0 ? 'ok' : wrong.join('; ')
}

export function rowOf({ worker, wedge, node, judged, afterMs, last, ended }) {
  const verdict = last?.verdicts[0] ? nameOf(last.verdicts[0]) : '-'
  const after = afterMs === undefined ? '-' : `${(afterMs / 1000).toFixed(1)} s`
  return `${judged === 'ok' ? 'ok' : 'WRONG'}  Node ${node}  ${worker.name}, ${wedge.name}: ${ended?.exitCode ?? '-'} after ${after}, ${verdict}${judged === 'ok' ? '' : `: ${judged}`}`
}

/** One row a worker and wedge; a cell of a line that was wrong says what it was. */
export function pageTable(results) {
  const rows = WORKERS.flatMap((worker) =>
    WEDGES.map((wedge) => {
      const its = results.filter((result) => result.worker.name === worker.name && result.wedge.name === wedge.name)
      const lines = LINES.map((line) => {
        const result = its.find(({ node }) => node === line)
        if (result === undefined) return 'not run'
        return result.judged === 'ok' ? `70, restarted` : result.judged.replaceAll(/\s+/g, ' ').replaceAll('|', '/')
      })
      const said = its.flatMap(({ last }) => last?.verdicts.find((verdict) => wedge.says.test(nameOf(verdict))) ?? [])
      const names = [...new Set(said.map((verdict) => `\`${nameOf(verdict)}\``))]
      return `| ${[worker.name, wedge.name, ...lines, names.join(', ')].join(' | ')} |`
    }),
  )
  const right = results.filter(({ judged }) => judged === 'ok').length
  const head = [
    'worker',
    'wedged in',
    ...LINES.map((line) => `Node ${line}`),
    `verdict (${right} of ${results.length} right)`,
  ]
  return `| ${head.join(' | ')} |\n${'|---'.repeat(head.length)}|\n${rows.join('\n')}`
}
