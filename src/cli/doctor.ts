/** `conductor-diag doctor [PID]`: what works here and why not. */
import type { Command } from 'commander'
import { readSettingsWithFile } from '../config/settings-file.js'
import { SINK_PREFIX } from '../config/sink-settings-table.js'
import { examineMachine, examineProcess } from '../investigate/examine.js'
import type { Check } from '../model/check.js'
import { renderChecks } from '../report/checks-text.js'
import { terminalWidth } from '../report/wrap.js'
import { EXIT, exitCodeOf } from './exit-codes.js'
import { printJson, printOut } from './output.js'
import { parsePid } from './parse-options.js'
import { examples } from './examples.js'

export function register(program: Command): void {
  program
    .command('doctor')
    .description('what works here and why not: permissions, Node version, layout; with a pid, for that process')
    .addHelpText('after', examples('doctor', 'doctor 4711'))
    .argument('[pid]', 'a process', parsePid)
    .option('--json', 'as JSON')
    .action(async (pid: number | undefined, options: { json?: boolean }) => {
      process.exitCode = await doctor(pid, options.json === true)
    })
}

async function doctor(pid: number | undefined, json: boolean): Promise<number> {
  const machine = [...examineMachine(), ...(pid === undefined ? [] : examineProcess(pid))]
  const findings = [...machine, ...(await sinkFindings())]
  if (json) printJson({ schema: 1, findings })
  else printOut(renderChecks(findings, terminalWidth(process.stdout, process.env)))
  const refused = findings.find((finding) => finding.verdict === 'no')
  if (!refused) return EXIT.ok
  return refused.code === undefined ? EXIT.noEvidence : exitCodeOf(refused.code)
}

/** Only where a destination is set: what checks them loads an HTTP client. */
async function sinkFindings(): Promise<Check[]> {
  const { env } = readSettingsWithFile(process.env)
  if (!Object.keys(env).some((name) => name.startsWith(SINK_PREFIX))) return []
  const { checkSinks } = await import('./check-sinks.js')
  return await checkSinks(env)
}
