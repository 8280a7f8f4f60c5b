/** What goes to a terminal: colours only where they are wanted, and nothing of the target's that could steer it. */
import { styleText } from 'node:util'

export type Style = 'bold' | 'dim' | 'red' | 'yellow' | 'green' | 'cyan'

export type Paint = (style: Style, text: string) => string

export function painter(color: boolean): Paint {
  return (style, text) => (color ? styleText(style, text, { validateStream: false }) : text)
}

/** https://no-color.org: any non-empty NO_COLOR turns colours off, FORCE_COLOR on, else a terminal decides. */
export function wantsColor(stream: { readonly isTTY?: boolean }, env: NodeJS.ProcessEnv): boolean {
  if ((env['NO_COLOR'] ?? '') !== '') return false
  const force = env['FORCE_COLOR']
  if (force !== undefined) return force !== '0' && force !== 'false'
  return stream.isTTY === true && env['TERM'] !== 'dumb'
}

/**
 * Names, URLs and source lines come from the process that is looked at: control characters in them (escape sequences,
 * line breaks, bidirectional overrides) are shown as `\x1b`, never sent.
 */
export function printable(text: string): string {
  return text.replaceAll(UNPRINTABLE, (character) => {
    const code = character.codePointAt(0) ?? 0
    return code === 9 ? ' ' : code < 256 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`
  })
}

// eslint-disable-next-line no-control-regex -- those are what it is for
const UNPRINTABLE = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g

/** Cut in the middle, so that the end of a path or URL stays readable. */
export function shorten(text: string, width: number): string {
  if (text.length <= width) return text
  const head = Math.ceil((width - 3) * 0.6)
  return `${text.slice(0, head)}...${text.slice(text.length - (width - 3 - head))}`
}
