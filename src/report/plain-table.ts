/** Tables of a terminal. */
import Table from 'cli-table3'

/** Columns without borders: easy to read, easy to cut. */
export function plainTable(head: readonly string[]): InstanceType<typeof Table> {
  const none = { top: '', 'top-mid': '', 'top-left': '', 'top-right': '', bottom: '', 'bottom-mid': '' }
  const rest = { 'bottom-left': '', 'bottom-right': '', left: '', 'left-mid': '', mid: '', 'mid-mid': '' }
  return new Table({
    head: [...head],
    chars: { ...none, ...rest, right: '', 'right-mid': '', middle: '  ' },
    // Colours are this project's own, so that NO_COLOR holds.
    style: { 'padding-left': 0, 'padding-right': 0, head: [], border: [] },
  })
}

export function tableText(table: InstanceType<typeof Table>, indent = ''): string {
  const lines = table.toString().split('\n')
  return `${lines.map((line) => indent + line.trimEnd()).join('\n')}\n`
}
