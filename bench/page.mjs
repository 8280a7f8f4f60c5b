// The tables of docs/performance.md, between `<!-- bench:NAME -->` and `<!-- /bench -->`, out of the rows of a bench.
import { readFileSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'

const PAGE = path.resolve(import.meta.dirname, '../docs/performance.md')
const OF_A_LINE = /^(Node \d+): (.*)$/

/** A bench that has no place in the page is left out of it. */
export function intoPage(results, { quick }) {
  for (const { bench, rows } of results) {
    const name = bench.replace('.bench.mjs', '')
    putInto(`bench:${name}`, tablesOf(rows), `npm run bench -- ${name}${quick ? ' --quick' : ''}`)
  }
}

/** Tables and what they were run on, in place of those that stand at the mark. */
export function putInto(mark, tables, command) {
  const page = readFileSync(PAGE, 'utf8')
  const place = new RegExp(`(<!-- ${mark} -->\\n)[^]*?(<!-- /)`)
  const text = `${[...tables, conditions(command)].join('\n\n')}\n\n`
  writeFileSync(
    PAGE,
    page.replace(place, (_whole, head, foot) => head + text + foot),
  )
}

function conditions(command) {
  const load = os.loadavg()[0].toFixed(1)
  const day = new Date().toISOString().slice(0, 10)
  return `*\`${command}\`, Node ${process.versions.node}, ${os.cpus().length} cores, load ${load} at its end, ${day}.*`
}

/** What was measured on each line of Node has a column for each; the rest is a table of its own. */
function tablesOf(rows) {
  const perLine = rows.filter(({ what }) => OF_A_LINE.test(what))
  const others = rows.filter(({ what }) => !OF_A_LINE.test(what))
  const lines = [...new Set(perLine.map(({ what }) => OF_A_LINE.exec(what)[1]))]
  const subjects = [...new Set(perLine.map(({ what }) => OF_A_LINE.exec(what)[2]))]
  const tables = []
  if (subjects.length > 0) {
    const body = subjects.map((subject) => {
      const cells = lines.map((line) => perLine.find(({ what }) => what === `${line}: ${subject}`))
      return [
        subject,
        ...cells.map((row) => (row === undefined ? '' : cellOf(row))),
        cells.find((row) => row?.aim)?.aim ?? '',
      ]
    })
    tables.push(table(['', ...lines, 'aim'], body))
  }
  if (others.length > 0) {
    const body = others.map((row) => [row.what, [cellOf(row), noteOf(row)].filter(Boolean).join('; '), row.aim ?? ''])
    tables.push(table(['', '', 'aim'], body))
  }
  return tables
}

function cellOf({ value, unit, note, aim, ok }) {
  // An aim in times of something else is met by its note.
  const ratio = /^\d+ times$/.test(aim ?? '') && note !== undefined ? ` (${note.split(' (')[0]})` : ''
  return `${value} ${unit}`.trim() + ratio + (ok === false ? ' *missed*' : '')
}

function noteOf({ note, aim }) {
  return note === undefined || /^\d+ times$/.test(aim ?? '') ? '' : note
}

export function table(head, body) {
  const line = (cells) => `| ${cells.join(' | ').replaceAll('\n', ' ')} |`
  return [line(head), line(head.map(() => '---')), ...body.map(line)].join('\n')
}
