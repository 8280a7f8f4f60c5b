/** A letter as plain text and as Markdown, within a limit of characters. */
import { block, code, prose } from '../markdown/markdown-text.js'
import type { Block, Letter } from './letter.js'

export function letterAsText({ blocks }: Letter, maxCharacters = 60_000): string {
  return cutBlocks(
    blocks.map((each) => textOf(each).join('\n')),
    maxCharacters,
  )
}

function textOf(each: Block): string[] {
  switch (each.kind) {
    case 'text':
      return [each.text, '']
    case 'heading':
      return [each.text, '-'.repeat(each.text.length)]
    case 'list':
      return [
        ...each.items.map(({ label, text, url }) => `- ${label}: ${text}${url === undefined ? '' : ` ${url}`}`),
        '',
      ]
    case 'code':
      return [...each.lines.map((line) => `  ${line}`), '']
  }
}

/** For GitHub, GitLab, Redmine with Markdown: everything foreign in code spans, nothing mentioned, linked or embedded. */
export function letterAsMarkdown({ blocks }: Letter, maxCharacters = 60_000): string {
  return cutBlocks(
    blocks.map((each) => markdownOf(each).join('\n')),
    maxCharacters,
  )
}

function markdownOf(each: Block): string[] {
  switch (each.kind) {
    case 'text':
      return [each.strong === true ? `**${prose(each.text)}**` : prose(each.text), '']
    case 'heading':
      return [`### ${each.text}`, '']
    case 'list':
      return [
        ...each.items.map(({ label, text, url }) => {
          const shown =
            url === undefined ? code(text) : `[${code(text)}](<${url.replaceAll(/[<>\s]/g, encodeURIComponent)}>)`
          return `- ${label}: ${shown}`
        }),
        '',
      ]
    case 'code':
      return [...block(each.lines), '']
  }
}

/** Whole blocks from the beginning; what they all leave out is said. The last block is kept: it has the marks. */
export function cutBlocks(parts: readonly string[], maxCharacters: number): string {
  const whole = parts.join('\n')
  if (whole.length <= maxCharacters) return whole
  const note = '(Shortened: the bundle has it all.)\n'
  const last = (parts.at(-1) ?? '').slice(0, 500)
  let text = ''
  for (const part of parts.slice(0, -1)) {
    if (text.length + part.length + note.length + last.length + 2 > maxCharacters) break
    text += `${part}\n`
  }
  return `${text}${note}\n${last}`.slice(0, maxCharacters)
}
