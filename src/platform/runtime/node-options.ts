/** What of a Node command line belongs to Node itself: the words in front of the script. */

/** Options whose value may be a word of its own: `--require path` is not where the script begins. */
export const OPTIONS_WITH_VALUE: ReadonlySet<string> = new Set(
  [
    ['-r', '--require', '--import', '--loader', '--experimental-loader', '-C', '--conditions', '--env-file'],
    ['--env-file-if-exists', '--title', '--icu-data-dir', '--input-type', '--redirect-warnings', '--cpu-prof-dir'],
    ['--diagnostic-dir', '--inspect-port', '--debug-port', '--stack-trace-limit', '--max-http-header-size'],
    ['--watch-path', '--openssl-config', '--unhandled-rejections', '--dns-result-order', '--experimental-config-file'],
  ].flat(),
)

/**
 * Node's own options, a separate value joined to its option (`--inspect-port 1` as `--inspect-port=1`).
 *
 * @param argv without the binary's own name
 */
export function nodeOptionsOf(argv: readonly string[]): string[] {
  const options: string[] = []
  for (let i = 0; i < argv.length; i++) {
    const word = argv[i] ?? ''
    if (!word.startsWith('-') || word === '--') break
    options.push(OPTIONS_WITH_VALUE.has(word) ? `${word}=${argv[++i] ?? ''}` : word)
  }
  return options
}

/**
 * The script as the command line names it; null where code is given as an argument, where Node looks for tests, and without
 * any.
 *
 * @param argv without the binary's own name
 */
export function scriptOf(argv: readonly string[]): string | null {
  for (let i = 0; i < argv.length; i++) {
    const word = argv[i] ?? ''
    if (word === '--') return argv[i + 1] ?? null
    if (!word.startsWith('-')) return word
    if (NO_SCRIPT.test(word)) return null
    if (OPTIONS_WITH_VALUE.has(word)) i++
  }
  return null
}

const NO_SCRIPT = /^(?:-|-e|-p|-pe|--eval|--print|--test|--run)(?:=|$)/
