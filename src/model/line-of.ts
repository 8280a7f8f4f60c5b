/** What a line stands for that is not where a call is at: the function's only loop, or where it is defined. */
export type LineOf = 'loop' | 'definition'

/** What is said before such a place, and nothing before any other. */
export function lineOfText(lineOf: LineOf | undefined): string {
  return lineOf === undefined ? '' : lineOf === 'loop' ? 'its loop at ' : 'defined at '
}
