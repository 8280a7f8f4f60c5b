/**
 * Foreign text made harmless before anybody sees it. Names, titles, arguments, URLs, errors and source lines belong to
 * the process that is looked at, to whoever wrote a bundle, or to a server: a control character in them steers a
 * terminal, a line break forges a line of ours, a bidirectional override or an invisible character shows other text
 * than there is. Every screen, log line, Markdown and HTML page takes its foreign text through here.
 *
 * It knows nothing of Markdown or HTML: whoever writes those escapes what is special there, after this.
 */

/**
 * C0 (the line breaks among them), DEL and C1 (U+009B begins an escape sequence too); soft hyphen, Arabic letter mark,
 * invisible characters, line and paragraph separators, bidirectional marks, embeddings, overrides and isolates; fillers
 * that look like nothing; halves of a surrogate pair; tags and the variation selectors that can carry hidden text.
 * The zero-width joiners stay: Persian, Hindi and emoji need them.
 */
const UNPRINTABLE =
  // eslint-disable-next-line no-control-regex -- those are what it is for
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u115f\u1160\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb]|\p{Cs}|[\u{e0000}-\u{e0fff}]/gu

/** One line of text: what could steer or mislead is shown as `\x1b` or `\u{202e}`, a tab as a space. */
export function printable(text: string): string {
  return text.replaceAll(UNPRINTABLE, escapeOne)
}

/** JSON text with the same characters as `\u001b`: whoever parses it gets what was there. For compact or indented JSON. */
export function printableJson(json: string): string {
  return json.replaceAll(UNPRINTABLE, (character) =>
    // Between the values only: inside of them JSON has no raw line break.
    character === '\n'
      ? character
      : Array.from({ length: character.length }, (_, at) => hex4(character.charCodeAt(at))).join(''),
  )
}

/**
 * The last guard before a terminal, for whole screens: lines and our own colours pass, everything else that could steer
 * is shown. It can't tell a line of ours from a forged one: each value goes through `printable` before it gets here.
 */
export function screenSafe(text: string): string {
  return text.replaceAll(UNPRINTABLE, (character, at: number) => {
    if (character === '\n' || character === '\t') return character
    COLOR.lastIndex = at
    return character === '\u001b' && COLOR.test(text) ? character : escapeOne(character)
  })
}

/** Lines of ours, each of them one whatever is in it, with our colours. For tables and lists made of many values. */
export function screenLines(lines: readonly string[]): string {
  return lines.map((line) => `${screenSafe(line.replaceAll('\n', escapeOne))}\n`).join('')
}

/** What `painter` makes: bold, dim, foreground colours, and their ends. No hidden text, no backgrounds. */
// eslint-disable-next-line no-control-regex -- as above
const COLOR = /\u001b\[(?:[012]|22|3[1-69])m/y

function escapeOne(character: string): string {
  if (character === '\t') return ' '
  const code = character.codePointAt(0) ?? 0
  return code < 256 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`
}

function hex4(unit: number): string {
  return `\\u${unit.toString(16).padStart(4, '0')}`
}
