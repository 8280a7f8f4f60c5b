/**
 * A file of a bundle against its JSON Schema, by code that was made from the schemas (`schemas/checks.cjs`): no package is
 * loaded, and megabytes take milliseconds.
 */
import { createRequire } from 'node:module'
import path from 'node:path'

interface SchemaError {
  readonly instancePath: string
  readonly keyword: string
  readonly params: { readonly missingProperty?: string; readonly type?: string | readonly string[] }
}

type SchemaCheck = ((value: unknown) => boolean) & { readonly errors?: readonly SchemaError[] | null }

/** The package's own folder, the same from `src/export` and `dist/export`. */
const CHECKS = path.join(__dirname, '..', '..', 'schemas', 'checks.cjs')

let checks: Readonly<Record<string, SchemaCheck>> | null = null

function checkOf(file: string): SchemaCheck | null {
  checks ??= createRequire(__filename)(CHECKS) as Readonly<Record<string, SchemaCheck>>
  const name = file.replace(/^look-\d+-/, 'look-N-').replaceAll(/[^A-Za-z0-9]+/g, '_')
  return Object.hasOwn(checks, name) ? (checks[name] ?? null) : null
}

/** Whether there is a schema for files of this name. */
export function hasSchema(file: string): boolean {
  return checkOf(file) !== null
}

/** What is wrong, to be said after the file's name; null when nothing is, or no schema is known for it. */
export function schemaFault(file: string, value: unknown): string | null {
  const check = checkOf(file)
  if (check === null) return null
  try {
    if (check(value)) return null
  } catch (thrown) {
    if (thrown instanceof RangeError) return 'is nested too deeply to be read'
    throw thrown
  }
  // Of a choice the last error says that none was right, and where.
  const error = check.errors?.at(-1)
  return error === undefined ? 'is not as its schema says' : `is not as its schema says: ${errorText(error)}`
}

function errorText({ instancePath, keyword, params }: SchemaError): string {
  const place = instancePath === '' ? 'it' : shortened(instancePath)
  if (params.missingProperty !== undefined) return `${place} has no ${params.missingProperty}`
  if (params.type !== undefined) return `${place} has to be ${[params.type].flat().join(' or ')}`
  return `${place} is none of the things that it may be${keyword === 'anyOf' ? '' : ` (${keyword})`}`
}

/** Keys of a hostile file may be of any length. */
function shortened(place: string): string {
  return place.length <= 100 ? place : `${place.slice(0, 97)}...`
}
