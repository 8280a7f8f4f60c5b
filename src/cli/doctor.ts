/** `conductor-diag doctor [PID]`: what works here and why not. */
import type { Command } from 'commander'
import { readSettingsWithFile } from '../config/settings-file.js'
import { SINK_PREFIX } from '../config/sink-settings-table.js'
import { examineAgent } from '../investigate/examine-agent.js'
import { examineMachine, examineProcess } from '../investigate/examine.js'
import type { Check } from '../model/check.js'
import { renderChecks } from '../report/checks-text.js'
import { terminalWidth } from '../report/wrap.js'
import { EXIT, exitCodeOf } from './exit-codes.js'
import { printJson, printOut, screenOf } from './output.js'
import { parsePid } from './parse-options.js'
import { examples } from './examples.js'

export function register(program: Command): void {
  program
    .command('doctor')
    .description('what works here and why not: permissions, Node version, layout; with a pid, for that process')
    .addHelpText('after', examples('doctor', 'doctor 4711', 'doctor --check 4711 || echo not watched'))
    .argument('[pid]', 'a process', parsePid)
    .option('--json', 'as JSON')
    .option('--check', 'for scripts: print only what is not well, and end with 1 for a warning too')
    .action(async (pid: number | undefined, options: DoctorOptions) => {
      process.exitCode = await doctor(pid, options)
    })
}

interface DoctorOptions {
  readonly json?: boolean
  readonly check?: boolean
}

async function doctor(pid: number | undefined, { json, check }: DoctorOptions): Promise<number> {
  const all = [...examineMachine(), ...(pid === undefined ? [] : await processFindings(pid)), ...(await sinkFindings())]
  const findings = check === true ? all.filter((finding) => finding.verdict !== 'ok') : all
  if (json === true) printJson({ schema: 1, findings })
  else if (findings.length > 0) printOut(renderChecks(findings, terminalWidth(screenOf(1), process.env)))
  const refused = findings.find((finding) => finding.verdict === 'no')
  if (!refused) return check === true && findings.length > 0 ? EXIT.noEvidence : EXIT.ok
  return refused.code === undefined ? EXIT.noEvidence : exitCodeOf(refused.code)
}

/** Of what can't be looked at nothing more is asked. */
async function processFindings(pid: number): Promise<Check[]> {
  const findings = examineProcess(pid)
  return findings[0]?.verdict === 'no' ? findings : [...findings, ...(await examineAgent(pid))]
}

/** Only where a destination is set: what checks them loads an HTTP client. */
async function sinkFindings(): Promise<Check[]> {
  const { env } = readSettingsWithFile(process.env)
  if (!Object.keys(env).some((name) => name.startsWith(SINK_PREFIX))) return []
  const { checkSinks } = await import('./check-sinks.js')
  return await checkSinks(env)
}
