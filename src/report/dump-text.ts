/** A dump as a person reads it: header, verdict, then one frame a line. */
import type { Evidence } from '../model/evidence.js'
import type { Frame } from '../model/frame.js'
import type { ProcessIdentity } from '../model/process-identity.js'
import type { ThreadStack } from '../model/thread.js'
import type { Verdict } from '../model/verdict.js'

export interface TextOptions {
  readonly verbose: boolean
}

export function renderHeader(identity: ProcessIdentity): string {
  const command = identity.argv.join(' ') || '(no command line)'
  return `process ${identity.pid}: ${command}\nNode ${identity.node ?? '(version unknown)'} ${identity.executable ?? ''}\n\n`
}

export function renderDump(evidence: Evidence, verdicts: readonly Verdict[], options: TextOptions): string {
  const lines: string[] = []
  for (const verdict of verdicts) {
    const name = verdict.cause === null ? verdict.kind : `${verdict.kind}/${verdict.cause}`
    lines.push(`${name} (${verdict.confidence}): ${verdict.summary}`)
    if (verdict.where)
      lines.push(`  at ${verdict.where.function ?? '(anonymous)'} ${verdict.where.file}:${verdict.where.line}`)
    lines.push(`  next: ${verdict.nextStep}`, '')
  }
  const threads = evidence.looks.at(-1)?.threads ?? []
  for (const thread of threads) if (options.verbose || isInteresting(thread)) lines.push(...renderThread(thread))
  for (const sample of evidence.samples?.samples.slice(-1) ?? []) {
    lines.push('main thread, by the inspector:', ...sample.frames.map(renderFrame), '')
  }
  for (const missing of evidence.missing) lines.push(`missing ${missing.what}: ${missing.message} (${missing.why})`)
  return `${lines.join('\n')}\n`
}

function isInteresting(thread: ThreadStack): boolean {
  return thread.role === 'main' || thread.role === 'worker' || thread.frames.length > 0
}

function renderThread(thread: ThreadStack): string[] {
  const syscall =
    thread.syscall && thread.syscall !== 'running'
      ? ` in ${thread.syscall.name}(${thread.syscall.args.join(', ')})`
      : ''
  return [
    `thread ${thread.tid} ${thread.role} ${thread.name}: ${thread.state}${syscall}`,
    ...thread.frames.map(renderFrame),
    '',
  ]
}

function renderFrame(frame: Frame): string {
  const place =
    frame.file === null ? '' : ` ${frame.file}${frame.line === null ? '' : `:${frame.line}:${frame.column ?? ''}`}`
  return `    ${frame.async ? 'async ' : ''}${frame.function ?? '(anonymous)'}${place}`
}
