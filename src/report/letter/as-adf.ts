/** A letter in Atlassian Document Format, which Jira Cloud's API version 3 takes. */
import type { Block, Item, Letter } from './letter.js'

export interface AdfNode {
  readonly type: string
  readonly [key: string]: unknown
}

export function letterAsAdf({ blocks }: Letter): AdfNode {
  return { type: 'doc', version: 1, content: blocks.map((each) => nodeOf(each)) }
}

function nodeOf(each: Block): AdfNode {
  switch (each.kind) {
    case 'text':
      return paragraph(textNode(each.text, each.strong === true ? [{ type: 'strong' }] : []))
    case 'heading':
      return { type: 'heading', attrs: { level: 3 }, content: [textNode(each.text)] }
    case 'list':
      return {
        type: 'bulletList',
        content: each.items.map((item) => ({ type: 'listItem', content: [paragraph(...itemNodes(item))] })),
      }
    case 'code':
      return { type: 'codeBlock', attrs: { language: 'text' }, content: [textNode(each.lines.join('\n'))] }
  }
}

function itemNodes({ label, text, url }: Item): AdfNode[] {
  const link = url === undefined ? [] : [{ type: 'link', attrs: { href: url } }]
  return [textNode(`${label}: `), textNode(text, link)]
}

function paragraph(...content: readonly AdfNode[]): AdfNode {
  return { type: 'paragraph', content }
}

/** ADF takes no empty texts. */
function textNode(text: string, marks: readonly AdfNode[] = []): AdfNode {
  return { type: 'text', text: text === '' ? ' ' : text, ...(marks.length === 0 ? {} : { marks }) }
}
