/** What goes to a terminal: colours only where they are wanted. What must not get there: `model/printable.ts`. */
import { styleText } from 'node:util'

export { printable } from '../model/printable.js'

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

/** Cut in the middle, so that the end of a path or URL stays readable. */
export function shorten(text: string, width: number): string {
  if (text.length <= width) return text
  const head = Math.ceil((width - 3) * 0.6)
  return `${text.slice(0, head)}...${text.slice(text.length - (width - 3 - head))}`
}
