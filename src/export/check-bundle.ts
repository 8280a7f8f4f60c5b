/** A bundle looked at as a whole: its sums, and whether what its files say has the shape that readers rely on. */
import { type Bundle, readArtifact, readBundle, verifyBundle, type VerifyReport } from '../incident/bundle-reader.js'
import { MANIFEST_FILE } from '../incident/bundle-format.js'
import { hasSchema, schemaFault } from './schema-check.js'

/** Larger ones have their sums compared; to parse one takes seconds and several times its size in memory. */
const MAX_PARSED_BYTES = 32 * 2 ** 20

/** As `verifyBundle`; files with the right sum and the wrong content are problems too. */
export function checkBundle(folder: string): VerifyReport {
  const report = verifyBundle(folder)
  const bundle = bundleOf(folder)
  if (bundle === null) return report
  const damaged = new Set(report.problems.map((problem) => problem.artifact))
  const wrong = bundle.manifest.artifacts
    .filter(({ name, sizeBytes }) => !damaged.has(name) && sizeBytes <= MAX_PARSED_BYTES && hasSchema(name))
    .flatMap(({ name }) => problemOf(name, () => JSON.parse(readArtifact(bundle, name).toString('utf8'))))
  const manifest = damaged.has(MANIFEST_FILE) ? [] : problemOf(MANIFEST_FILE, () => bundle.manifest)
  return { ...report, problems: [...report.problems, ...wrong, ...manifest] }
}

function problemOf(name: string, read: () => unknown): VerifyReport['problems'][number][] {
  try {
    const message = schemaFault(name, read())
    return message === null ? [] : [{ artifact: name, message }]
  } catch (thrown) {
    if (thrown instanceof SyntaxError) return [{ artifact: name, message: 'is no JSON' }]
    throw thrown
  }
}

function bundleOf(folder: string): Bundle | null {
  try {
    return readBundle(folder)
  } catch {
    // `verifyBundle` has said why.
    return null
  }
}
