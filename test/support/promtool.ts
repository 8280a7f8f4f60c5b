/** promtool out of Debian's package `prometheus`, unpacked and not installed; null where it can't be had. */
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'

const KEPT = path.join(os.tmpdir(), `conductor-stall-promtool-${process.getuid?.() ?? 0}`)

/** The command's path. Downloads 19 MB the first time. */
export function findPromtool(): string | null {
  if (spawnSync('promtool', ['--version']).status === 0) return 'promtool'
  const kept = path.join(KEPT, 'promtool')
  if (!existsSync(kept) && !fetchInto(kept)) return null
  return kept
}

function fetchInto(kept: string): boolean {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'stall-promtool-'))
  try {
    execFileSync('apt-get', ['download', 'prometheus'], { cwd: folder, stdio: 'ignore', timeout: 60_000 })
    const archive = readdirSync(folder).find((name) => name.endsWith('.deb')) ?? ''
    execFileSync('dpkg-deb', ['-x', archive, 'x'], { cwd: folder, stdio: 'ignore', timeout: 60_000 })
    mkdirSync(KEPT, { recursive: true, mode: 0o700 })
    renameSync(path.join(folder, 'x/usr/bin/promtool'), kept)
    return true
  } catch {
    // No Debian, no package lists, no network.
    return false
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** What it objects to; empty: nothing. */
export function checkMetrics(promtool: string, text: string): string {
  const { status, stdout, stderr } = spawnSync(promtool, ['check', 'metrics'], { input: text, encoding: 'utf8' })
  return status === 0 ? '' : `${status}: ${stdout}${stderr}`
}
