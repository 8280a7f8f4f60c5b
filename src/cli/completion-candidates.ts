/** What may stand where somebody pressed tab, out of the commands' own tables of options and arguments. */
import type { Argument, Command, Option } from 'commander'

export interface Candidate {
  readonly value: string
  /** Half a line beside it, where the shell shows one. */
  readonly about: string
}

export interface CandidateSources {
  /** Ids of incidents in a folder; null: in the usual places. */
  readonly ids: (dir: string | null) => readonly Candidate[]
  readonly pids: () => readonly Candidate[]
}

/**
 * @param words all after the program's name; the last one as far as it was typed, empty after a space.
 * @returns those that begin with it; `files` where a path is wanted.
 */
export function candidatesFor(
  program: Command,
  words: readonly string[],
  sources: CandidateSources,
): readonly Candidate[] | 'files' {
  const current = words.at(-1) ?? ''
  const before = words.slice(0, -1)
  const only = (all: readonly Candidate[]): Candidate[] =>
    all.filter(({ value }) => value.toLowerCase().startsWith(current.toLowerCase()))
  const command = program.commands.find((each) => each.name() === before[0])
  if (command === undefined) {
    if (before.length > 0) return []
    return only([...program.commands.filter(isVisible).map(commandCandidate), ...program.options.flatMap(longOf)])
  }
  // After -- comes another program with arguments of its own.
  if (before.includes('--')) return 'files'
  const option = optionOf(command, before.at(-1))
  if (option !== undefined && takesValue(option)) return valuesOf(option, only)
  if (current.startsWith('-')) return only([...command.options.filter((each) => !each.hidden).flatMap(longOf), HELP])
  return argumentOf(command, before, current, only, sources)
}

const HELP: Candidate = { value: '--help', about: 'what it does and takes' }

function isVisible(command: Command): boolean {
  return command.name() !== 'complete'
}

function commandCandidate(command: Command): Candidate {
  return { value: command.name(), about: command.description() }
}

function longOf({ long, description }: Option): Candidate[] {
  return long === undefined || long === null ? [] : [{ value: long, about: description }]
}

function optionOf(command: Command, word: string | undefined): Option | undefined {
  return command.options.find((each) => word !== undefined && (each.long === word || each.short === word))
}

function takesValue(option: Option): boolean {
  return option.required || option.optional
}

/** Options that name a place by what their value is called. */
const PLACES = new Set(['file', 'folder', 'dir', 'path'])

function valuesOf(option: Option, only: (all: readonly Candidate[]) => Candidate[]): Candidate[] | 'files' {
  if (option.argChoices !== undefined) return only(option.argChoices.map((value) => ({ value, about: '' })))
  const called = /[<[](\w+)/.exec(option.flags)?.[1]?.toLowerCase() ?? ''
  return PLACES.has(called) ? 'files' : []
}

function argumentOf(
  command: Command,
  before: readonly string[],
  current: string,
  only: (all: readonly Candidate[]) => Candidate[],
  sources: CandidateSources,
): readonly Candidate[] | 'files' {
  const given = before.slice(1).filter((word, index, all) => {
    if (word.startsWith('-')) return false
    const option = optionOf(command, index === 0 ? undefined : all[index - 1])
    return option === undefined || !takesValue(option)
  })
  const wanted = command.registeredArguments
  const argument: Argument | undefined = wanted[given.length] ?? (wanted.at(-1)?.variadic ? wanted.at(-1) : undefined)
  if (argument === undefined) return []
  if (argument.argChoices !== undefined) return only(argument.argChoices.map((value) => ({ value, about: '' })))
  switch (argument.name()) {
    case 'id':
    case 'ids':
    case 'other':
      // A path to a bundle is as good as its id.
      if (current.includes('/') || current.startsWith('.')) return 'files'
      return only([{ value: 'latest', about: 'the newest one' }, ...idsIn(before, current, sources)])
    case 'pid':
      return only(sources.pids())
    default:
      return 'files'
  }
}

/** Whole ids where somebody types on behind the shortest one. */
function idsIn(before: readonly string[], current: string, { ids }: CandidateSources): readonly Candidate[] {
  const at = before.indexOf('--dir')
  const found = ids(at < 0 ? null : (before[at + 1] ?? null))
  return found.filter(({ value }) => value.length >= current.length)
}
