/** What one types, at the end of each command's `--help`. */

/** @param lines what comes after `conductor-diag ` */
export function examples(...lines: readonly string[]): string {
  return `\nExamples:\n${lines.map((line) => `  conductor-diag ${line}\n`).join('')}`
}
