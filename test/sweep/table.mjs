// The sweep's results as the table of docs/sweep.md.
import { CONTROLS, EXPECTED, WEDGES } from './expectations.mjs'

const WHAT = {
  silent: 'silent peer',
  leak: 'not given back',
  away: 'never connected',
  slow: 'slow, healthy',
  idle: 'idle, healthy',
}

export function toMarkdown(results) {
  const nodes = [...new Set(results.map(({ node }) => node))].toSorted((a, b) => a - b)
  const right = results.filter(({ fault }) => fault === null).length
  const lines = [
    '# Clients of other people, wedged',
    '',
    `Clients of databases, caches, queues and web services, each with a peer that never answers, with something that was taken and not given back (a connection, a body that nobody reads), and with no connection at all; and in two healthy states, of which nothing may be named. Made by \`npm run sweep -- --write\`: ${right} of ${results.length} right, on Node ${nodes.join(', ')}.`,
    '',
    'The first verdict counts. From outside (`dump`) the program had stood still for 22 s; inside, the agent warned after 6 s.',
    '',
    '| client | state | outside | inside |',
    '| --- | --- | --- | --- |',
  ]
  for (const client of Object.keys(EXPECTED)) {
    for (const mode of [...WEDGES, ...CONTROLS]) {
      const cells = ['outside', 'inside'].map((side) =>
        cell(results.filter((each) => each.client === client && each.mode === mode && each.side === side)),
      )
      if (cells.some((text) => text !== '')) lines.push(`| ${client} | ${WHAT[mode]} | ${cells.join(' | ')} |`)
    }
  }
  lines.push('', '## What was said, from outside', '')
  for (const { client, mode, side, first } of results.filter((each) => each.side === 'outside')) {
    if (first === undefined || CONTROLS.includes(mode)) continue
    if (results.find((each) => each.client === client && each.mode === mode && each.side === side)?.first !== first)
      continue
    lines.push(`- **${client}, ${WHAT[mode]}**: ${escaped(first.summary)}`)
  }
  return `${lines.join('\n')}\n`
}

function cell(results) {
  const texts = new Map()
  for (const { fault, first } of results) {
    const name = first === undefined ? 'no incident' : `${first.cause ?? first.kind}, ${first.confidence}`
    const text = fault === null ? name : `**wrong**: ${name}`
    texts.set(text, (texts.get(text) ?? 0) + 1)
  }
  return [...texts].map(([text, count]) => (texts.size > 1 ? `${text} (${count})` : text)).join('; ')
}

function escaped(text) {
  return text
    .replaceAll('|', '\\|')
    .replaceAll(/127\.0\.0\.1:\d+/g, '127.0.0.1:PORT')
    .replaceAll(/(?<![\w.])_/g, '\\_')
}
