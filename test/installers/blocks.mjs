/** @returns the fenced blocks of a language in a page, as they stand; `\` at the end of a line joins it to the next */
export function blocksOf(markdown, language) {
  const blocks = [...markdown.matchAll(new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\`$`, 'gm'))].map(
    ([, text]) => text,
  )
  return language === 'sh' ? blocks.map((text) => text.replaceAll(/\\\n\s*/g, ' ')) : blocks
}
