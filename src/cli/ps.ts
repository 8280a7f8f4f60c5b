/** `conductor-diag ps`: which Node processes there are, and what their main threads do. */
import type { Command } from 'commander'
import { listNodeProcesses } from '../investigate/list-processes.js'
import { renderProcesses } from '../report/process-list.js'
import { terminalWidth } from '../report/wrap.js'
import { printJson, printOut, screenOf } from './output.js'
import { examples } from './examples.js'

export function register(program: Command): void {
  program
    .command('ps')
    .description('the Node processes that you may see: version, agent or not, state of the main thread')
    .addHelpText('after', examples('ps', "ps --json | jq '.processes[].pid'"))
    .option('--json', 'as JSON')
    .action((options: { json?: boolean }) => {
      const list = listNodeProcesses()
      if (options.json) printJson({ schema: 1, ...list })
      else printOut(renderProcesses(list, terminalWidth(screenOf(1), process.env)))
    })
}
