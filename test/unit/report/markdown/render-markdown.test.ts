import { expect, test } from 'vitest'
import type { IncidentManifest } from '../../../../src/model/incident.js'
import { INCIDENT_SCHEMA } from '../../../../src/model/incident.js'
import { renderMarkdown } from '../../../../src/report/markdown/render-markdown.js'
import type { ReportedIncident } from '../../../../src/report/reported-incident.js'
import { SEAL_PARTS, VERDICT } from '../../../support/incidents.js'

function incident(change: Partial<IncidentManifest> = {}): ReportedIncident {
  const { report: _, ...parts } = SEAL_PARTS
  const manifest: IncidentManifest = {
    schema: INCIDENT_SCHEMA,
    id: '01M8J3HY00000000000000000A',
    createdAt: '2026-11-25T10:05:00.000Z',
    sealedAt: '2026-11-25T10:05:04.000Z',
    artifacts: [
      { name: 'kernel.json', sizeBytes: 2048, sha256: '0'.repeat(64), engine: 'procfs', tookMs: 3, pausedMs: 0 },
    ],
    missing: [
      { name: 'cpu.cpuprofile', code: 'ERR_STALL_INSPECTOR_TIMEOUT', message: 'it never yielded', help: 'Ask.' },
    ],
    tool: { name: 'conductor-stall-agent', version: '0.1.0' },
    ...parts,
    ...change,
  }
  return {
    manifest,
    evidence: null,
    excerpts: [
      {
        at: { file: '/srv/app/rules.js', line: 18, column: 21 },
        from: { file: '/srv/app/rules.js', line: 18, column: 21 },
        lines: [
          { line: 17, text: 'function validate(text) {', here: false },
          { line: 18, text: '\treturn /^(a+)+$/.test(text)', here: true },
          { line: 19, text: '}', here: false },
        ],
        changed: true,
      },
    ],
  }
}

test('says what happened, where, with the lines of source, what to do, what is missing', () => {
  const text = renderMarkdown(incident())
  const wanted = [
    '# computing/regexp: validate (rules.js:18:21)',
    'Incident `01M8J3HY00000000000000000A` · `invoices 1.4.2` · pid 4711 on `pod-1`',
    'The poll loop of invoice-poller was silent for 61.2 s (warn at 45 s).',
    `**${VERDICT.summary}**`,
    '- 12 of 12 samples in validate',
    'What would rule it out: samples in other functions',
    '## What to do next',
    '> 18 |   return /^(a+)+$/.test(text)',
    'The file changed after the process started',
    'awaited by `execute (worker.js:40:5)`',
    '| `invoice-poller` | 61.2 s',
    '- `cpu.cpuprofile`: it never yielded (ERR_STALL_INSPECTOR_TIMEOUT). Ask.',
    '- redacted: 2 by `key-name`',
  ]
  const places = wanted.map((piece) => text.indexOf(piece))
  expect(
    wanted.filter((_, i) => (places[i] ?? -1) < 0),
    text,
  ).toEqual([])
  expect(places).toEqual(places.toSorted((a, b) => a - b))
})

test.each([200, 400, 800, 1200, 1600, 3000])('keeps within %d bytes, the verdict first', (maxBytes) => {
  const text = renderMarkdown(incident(), { maxBytes })
  expect(Buffer.byteLength(text)).toBeLessThanOrEqual(maxBytes)
  expect(text).toMatch(/^# computing\/regexp: validate/)
  // Whatever was cut, no block of code is left open.
  expect((text.match(/^```/gm) ?? []).length % 2).toBe(0)
})

test('leaves the files out before the chain, and says so', () => {
  const whole = Buffer.byteLength(renderMarkdown(incident()))
  const text = renderMarkdown(incident(), { maxBytes: whole - 10 })
  expect(text).not.toContain('## Files')
  expect(text).toContain('## Where')
  expect(text).toMatch(/Shortened to .*: less about .*files/)
})

test('nothing of the target formats, links or mentions', () => {
  const hostile = '<script>alert(1)</script> [x](javascript:1) @all #1 ![i](http://evil/i.png) ``` \u202e'
  const text = renderMarkdown(
    incident({
      verdicts: [{ ...VERDICT, summary: hostile, nextStep: hostile, signs: [hostile], refutedBy: hostile }],
      process: { ...SEAL_PARTS.process, argv: [hostile], service: hostile, hostname: hostile },
    }),
  )
  // Without the code spans nothing of it is left.
  const bare = text.replaceAll(/(`+)(?!`).*?(?<!`)\1(?!`)/g, '')
  expect(bare).not.toMatch(/<script|javascript:|@all|evil|\u202e/)
})

test('an incident without a verdict is told as such', () => {
  const text = renderMarkdown(incident({ verdicts: [], sealedAt: '', stall: null }))
  expect(text).toContain('# No verdict')
  expect(text).toContain('Not sealed')
})
