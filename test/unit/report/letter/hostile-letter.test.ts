/** What a hostile worker calls its functions, tasks and hosts means nothing in any format that a ticket system reads. */
import { expect, test } from 'vitest'
import { letterAsAdf } from '../../../../src/report/letter/as-adf.js'
import { letterAsHtml } from '../../../../src/report/letter/as-html.js'
import { letterAsJiraWiki } from '../../../../src/report/letter/as-jira-wiki.js'
import { letterAsSlack } from '../../../../src/report/letter/as-slack.js'
import { letterAsMarkdown } from '../../../../src/report/letter/as-text.js'
import type { Letter } from '../../../../src/report/letter/letter.js'

const HOSTILE = [
  '<script>alert(1)</script>',
  '<img src=x onerror=alert(1)>',
  '"><a href="javascript:alert(1)">x</a>',
  '![x](http://evil.test/p.png)',
  '[click](javascript:alert(1))',
  '!http://evil.test/p.png!',
  '[click|http://evil.test]',
  '[~admin]',
  '@admin @here #1',
  '<!channel> <@U012345> <http://evil.test|bank>',
  '{noformat}{html}x{html}{noformat}',
  '```\n# heading\n```',
  '`code` *b* _i_ ~s~ | a | b |',
]

const letterOf = (foreign: string): Letter => ({
  title: foreign,
  blocks: [
    { kind: 'text', text: foreign },
    { kind: 'text', text: foreign, strong: true },
    { kind: 'list', items: [{ label: 'Task', text: foreign }] },
    { kind: 'code', lines: [foreign] },
  ],
  marks: [],
  facts: {},
})

test.each(HOSTILE)('HTML has no tag or attribute out of %j', (foreign) => {
  const html = letterAsHtml(letterOf(foreign))
  const tags = [...html.matchAll(/<\/?([^>]*)>/g)].map((match) => match[1])
  expect(tags.filter((tag) => !/^(?:p|b|ul|li|pre|h3)$/.test(tag ?? ''))).toEqual([])
})

test.each(HOSTILE)('Jira’s wiki text has no markup out of %j', (foreign) => {
  const wiki = letterAsJiraWiki(letterOf(foreign), 30_000)
  // What stands outside of the block: no character with a meaning but the ones that are ours.
  const [before = '', inside = '', after = '', ...more] = wiki.split('{noformat}')
  expect(more).toEqual([])
  expect(inside).not.toMatch(/\{noformat/i)
  const foreignText = (before + after).replaceAll(/^(?:\*(?= )|\*(?=\S)|h3\. )/gm, '').replaceAll(/\*$/gm, '')
  expect(foreignText.replaceAll(/\\./g, '')).not.toMatch(/[{}[\]!|*_+^~?@#]/)
})

test.each(HOSTILE)('Slack’s text mentions and links nothing out of %j', (foreign) => {
  const [, ...sections] = letterAsSlack(letterOf(foreign))
  for (const { text } of sections) {
    expect(text.text).not.toMatch(/[<>]/)
    expect(text.text.split('```').length % 2).toBe(1)
    expect(text.text.replaceAll('```', '')).not.toMatch(/```/)
  }
})

test.each(HOSTILE)('Markdown has no picture, link, mention or HTML outside of code out of %j', (foreign) => {
  const markdown = letterAsMarkdown(letterOf(foreign))
  const withoutCode = markdown
    .replaceAll(/^(`{3,})[^`\n]*\n[^]*?^\1$/gm, '')
    .replaceAll(/(?<!\\)(`+)(?!`)[^]*?(?<!`)\1(?!`)/g, '')
    .replaceAll(/\\./g, '')
  expect(withoutCode).not.toMatch(/[<>[\]!`]|\]\(|@\w/)
})

test.each(HOSTILE)('ADF holds %j as text alone', (foreign) => {
  const kinds = new Set<string>()
  const texts: string[] = []
  const walk = (node: { type: string; text?: unknown; content?: unknown; marks?: unknown }): void => {
    kinds.add(node.type)
    if (node.type === 'text') texts.push(String(node.text))
    for (const each of [...((node.content as never[]) ?? []), ...((node.marks as never[]) ?? [])]) walk(each)
  }
  walk(letterAsAdf(letterOf(foreign)))
  expect([...kinds].sort()).toEqual(['bulletList', 'codeBlock', 'doc', 'listItem', 'paragraph', 'strong', 'text'])
  expect(texts.filter((text) => text === foreign)).toHaveLength(4)
})
