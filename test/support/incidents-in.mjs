// For programs that wait for what a worker leaves: bundles by their manifests, and anything that comes in time.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'

/** Manifests of all bundles in a folder, sealed or not. */
export const incidentsIn = (dir) =>
  readdirSync(dir)
    .map((name) => path.join(dir, name, 'incident.json'))
    .filter((file) => existsSync(file))
    .map((file) => JSON.parse(readFileSync(file, 'utf8')))

/** What `wanted` gives, once that is something; null when the time is up. */
export async function until(limitMs, wanted) {
  const end = performance.now() + limitMs
  while (performance.now() < end) {
    const found = await wanted()
    if (found) return found
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
  return null
}
