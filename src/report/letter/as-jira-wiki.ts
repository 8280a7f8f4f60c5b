/**
 * A letter in the wiki text of Jira Data Center (REST version 2): nothing foreign formats, links, mentions somebody or
 * loads a picture (https://jira.atlassian.com/secure/WikiRendererHelpAction.jspa?section=all, "Miscellaneous": a backslash
 * before a character takes its meaning).
 */
import { cutBlocks } from './as-text.js'
import type { Block, Letter } from './letter.js'

export function letterAsJiraWiki({ blocks }: Letter, maxCharacters: number): string {
  return cutBlocks(
    blocks.map((each) => `${wikiOf(each)}\n`),
    maxCharacters,
  )
}

function wikiOf(each: Block): string {
  switch (each.kind) {
    case 'text':
      return each.strong === true ? `*${escaped(each.text)}*\n` : `${escaped(each.text)}\n`
    case 'heading':
      return `h3. ${escaped(each.text)}\n`
    case 'list':
      return each.items
        .map(({ label, text, url }) => `* ${escaped(label)}: ${escaped(text)}${url === undefined ? '' : linkTo(url)}\n`)
        .join('')
    case 'code':
      // The word that would end the block is cut in two.
      return `{noformat}\n${each.lines.join('\n').replaceAll(/\{noformat/gi, '{no format')}\n{noformat}\n`
  }
}

function linkTo(url: string): string {
  return ` [open|${url.replaceAll(/[[\]{}|\s\\]/g, encodeURIComponent)}]`
}

/** Two backslashes are a line break, so one of its own is written as an entity. */
function escaped(text: string): string {
  return text.replaceAll('\\', '&#92;').replaceAll(/[{}[\]!|*_+^~?@#()-]/g, String.raw`\$&`)
}
