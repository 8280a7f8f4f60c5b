/**
 * A letter as Slack's blocks. Limits: 50 blocks a message, 3,000 characters a section's text, 150 a header's
 * (https://docs.slack.dev/reference/block-kit/blocks). `&`, `<` and `>` are the characters that format, link and mention.
 */
import type { Block, Letter } from './letter.js'

const MAX_BLOCKS = 49
const MAX_SECTION = 2900

export interface SlackBlock {
  readonly type: string
  readonly text: { readonly type: 'mrkdwn' | 'plain_text'; readonly text: string }
}

export function letterAsSlack({ title, blocks }: Letter): SlackBlock[] {
  const head: SlackBlock = { type: 'header', text: { type: 'plain_text', text: title.slice(0, 150) } }
  return [head, ...blocks.slice(0, MAX_BLOCKS).map((each) => section(textOf(each)))]
}

function textOf(each: Block): string {
  switch (each.kind) {
    case 'text':
      return each.strong === true ? `*${bare(each.text)}*` : bare(each.text)
    case 'heading':
      return `*${bare(each.text)}*`
    case 'list':
      return each.items
        .map(({ label, text, url }) => `• ${bare(label)}: ${url === undefined ? bare(text) : `<${url}|${bare(text)}>`}`)
        .join('\n')
    case 'code':
      return `\`\`\`${cut(escaped(each.lines.join('\n')).replaceAll('```', "'''"), MAX_SECTION - 10)}\`\`\``
  }
}

function section(text: string): SlackBlock {
  return { type: 'section', text: { type: 'mrkdwn', text: cut(text === '' ? ' ' : text, MAX_SECTION) } }
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}

/** A zero-width space behind what would begin formatting keeps the text as it is. */
function bare(text: string): string {
  return escaped(text).replaceAll(/[*_~`]/g, (sign) => `${sign}\u200b`)
}

/** Not in the middle of an entity. */
function cut(text: string, length: number): string {
  return text.length <= length ? text : text.slice(0, length - 1).replace(/&[a-z]*$/, '') + '…'
}
