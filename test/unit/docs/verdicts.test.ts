/** docs/verdicts.md has a heading for every verdict of the catalogue, and `Next:` names it. */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { VERDICT_CAUSES, type VerdictCause, type VerdictKind } from '../../../src/model/verdict.js'
import { nextStepText, verdictPage } from '../../../src/report/verdict-page.js'

const PAGE = readFileSync(path.resolve(__dirname, '../../../docs/verdicts.md'), 'utf8')

interface Name {
  readonly kind: VerdictKind
  readonly cause: VerdictCause | null
}
const CATALOGUE: readonly Name[] = Object.entries(VERDICT_CAUSES).flatMap(([kind, causes]) =>
  (causes.length === 0 ? [null] : causes).map((cause) => ({ kind: kind as VerdictKind, cause })),
)
const HEADING = /^### <a id="([\w-]+)"><\/a>It says `([\w/-]+)`: what do I do\?$/gm

test('every verdict has its heading, and nothing else has one', () => {
  const names = CATALOGUE.map(({ kind, cause }) => [kind, cause].filter(Boolean).join('/'))
  const headings = [...PAGE.matchAll(HEADING)]
  expect(headings.map(([, , name]) => String(name)).toSorted()).toEqual(names.toSorted())
  expect(PAGE.match(/^### /gm)).toHaveLength(names.length)
})

test('each says what it means, what would make it wrong, and what to do', () => {
  const sections = PAGE.split(/^### /m).slice(1)
  for (const section of sections) {
    const labels = [...section.matchAll(/^\*\*([^*]+:)\*\* \S/gm)].map(([, label]) => label)
    expect(labels, section).toEqual(['It means:', 'It is wrong if:', 'Do:'])
  }
})

test.each(CATALOGUE)('the next step of $kind/$cause names a heading that there is', (name) => {
  const [file, anchor] = (verdictPage(name) ?? '').split('#')
  expect(file).toBe('docs/verdicts.md')
  expect(PAGE).toContain(`<a id="${anchor}"></a>It says \`${[name.kind, name.cause].filter(Boolean).join('/')}\``)
})

test('a name that the catalogue does not have leads nowhere', () => {
  const strange = [
    { kind: 'awaiting', cause: 'godot' },
    { kind: 'toString', cause: null },
    { kind: 'awaiting', cause: null },
  ]
  for (const each of strange) expect(verdictPage(each as unknown as Name)).toBeNull()
  expect(nextStepText({ kind: 'awaiting', cause: 'godot' as 'lock', nextStep: 'Wait.' })).toBe('Wait.')
  expect(nextStepText({ kind: 'awaiting', cause: 'lock', nextStep: 'Look.' })).toBe(
    'Look. More: docs/verdicts.md#awaiting-lock',
  )
})
