/** `conductor-diag complete -- WORD...`: the shells' question, one candidate a line; not for people. */
import type { Command } from 'commander'
import { listBundles } from '../incident/bundle-list.js'
import { listNodeProcesses } from '../investigate/list-processes.js'
import { formatDuration } from '../model/amounts.js'
import { printable } from '../model/printable.js'
import { uniqueIdLength } from '../report/incident-list.js'
import { bundleFolders } from './bundle-folders.js'
import { type Candidate, candidatesFor } from './completion-candidates.js'
import { toLine } from './incident-line.js'
import { examples } from './examples.js'
import { printOut } from './output.js'

export function register(program: Command): void {
  program
    .command('complete', { hidden: true })
    .description('candidates for the last of the words, for the script that completion prints')
    .addHelpText('after', examples('complete -- show 01'))
    .argument('[words...]', 'all words after conductor-diag, the last one as far as it was typed')
    .action((words: string[]) => {
      const found = candidatesFor(program, words, { ids: idsIn, pids })
      const lines = found === 'files' ? [':files'] : found.map(({ value, about }) => `${value}\t${printable(about)}`)
      printOut(lines.map((line) => `${line}\n`).join(''))
    })
}

/** More than anybody reads in a list below the prompt. */
const MAX_IDS = 50

/** The least of each id that is unique, newest first, with what it was about. */
function idsIn(dir: string | null): Candidate[] {
  const all = listBundles(bundleFolders(dir === null ? {} : { dir }).folders, { sizes: false })
  const length = uniqueIdLength(all.map(({ id }) => id))
  return all.slice(0, MAX_IDS).map((entry) => {
    const { verdict, service, createdAt } = toLine(entry)
    const age = `${formatDuration(Math.max(0, Date.now() - Date.parse(createdAt)))} ago`
    const cause = verdict === null ? 'no verdict' : [verdict.kind, verdict.cause].filter(Boolean).join('/')
    return { value: entry.id.slice(0, length), about: [cause, service, age].filter(Boolean).join(', ') }
  })
}

function pids(): Candidate[] {
  return listNodeProcesses().processes.map(({ pid, command }) => ({
    value: String(pid),
    about: command.join(' ').slice(0, 60),
  }))
}
