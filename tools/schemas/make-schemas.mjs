// Makes schemas/: a JSON Schema for each JSON file of a bundle, and checks.cjs, which tests a file against its schema without
// a package. From the types in src/incident/bundle-files.ts and their comments: npm run schemas
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import Ajv from 'ajv'
import standalone from 'ajv/dist/standalone/index.js'
import generator from 'ts-json-schema-generator'
import ts from 'typescript'

const ROOT = path.resolve(import.meta.dirname, '../..')
const OUT = path.resolve(process.argv[2] ?? path.join(ROOT, 'schemas'))

/** One schema with a property for each file, and all types under `definitions`. */
function schemaOfTypes() {
  const scratch = mkdtempSync(path.join(tmpdir(), 'schemas-'))
  const tsconfig = path.join(scratch, 'tsconfig.json')
  const compilerOptions = { strict: true, module: 'node16', moduleResolution: 'node16', target: 'es2022', types: [] }
  const file = path.join(ROOT, 'src/incident/bundle-files.ts')
  writeFileSync(tsconfig, JSON.stringify({ compilerOptions, include: [file] }))
  const config = {
    ...generator.DEFAULT_CONFIG,
    path: file,
    tsconfig,
    type: 'BundleFiles',
    skipTypeCheck: true,
    // Newer writers add fields.
    additionalProperties: true,
    topRef: false,
    encodeRefs: false,
  }
  try {
    const program = generator.createProgram(config)
    const parser = generator.createParser(program, config, (chain) =>
      // Computed from a table; as text it is what readers may rely on.
      chain.addNodeParser({
        supportsNode: (node) => ts.isTypeReferenceNode(node) && node.typeName.getText() === 'VerdictCause',
        createType: () => new generator.StringType(),
      }),
    )
    const formatter = generator.createFormatter(config)
    return new generator.SchemaGenerator(program, parser, formatter, config).createSchema(config.type)
  } finally {
    rmSync(scratch, { recursive: true })
  }
}

/** Names as JSON Pointers take them, and words that a newer writer may add to, as examples of a text. */
function tidy(node) {
  if (Array.isArray(node)) return node.map(tidy)
  if (typeof node !== 'object' || node === null) return node
  const words = node.enum ?? (node.const === undefined ? undefined : [node.const])
  if (words?.every((word) => typeof word === 'string' || word === null)) {
    const { enum: _enum, const: _const, type: _type, ...rest } = node
    const examples = words.filter((word) => word !== null)
    return { ...rest, type: words.includes(null) ? ['string', 'null'] : 'string', examples }
  }
  return Object.fromEntries(
    Object.entries(node).map(([key, value]) => [key, key === '$ref' ? value.replace(/[^#/]+$/, plainName) : tidy(value)]),
  )
}

function plainName(name) {
  return name.replaceAll(/[^A-Za-z0-9]+/g, '-').replace(/-$/, '')
}

/** Of all definitions those that `node` refers to, and what they refer to. */
function reachable(node, definitions, found = {}) {
  for (const [, name] of JSON.stringify(node).matchAll(/"#\/definitions\/([^"]+)"/g)) {
    if (Object.hasOwn(found, name)) continue
    found[name] = definitions[name]
    reachable(found[name], definitions, found)
  }
  return found
}

const { properties, definitions: raw } = schemaOfTypes()
const definitions = Object.fromEntries(Object.entries(raw).map(([name, type]) => [plainName(name), tidy(type)]))
const byFile = Object.fromEntries(Object.entries(properties).map(([file, type]) => [file, tidy(type)]))

const old = readdirSync(OUT, { withFileTypes: true }).filter((entry) => entry.isFile())
for (const { name } of old) rmSync(path.join(OUT, name))
for (const [file, type] of Object.entries(byFile)) {
  const name = `${file.replace(/\.[a-z]+$/, '')}.schema.json`
  const used = reachable(type, definitions)
  const sorted = Object.fromEntries(Object.entries(used).toSorted(([a], [b]) => (a < b ? -1 : 1)))
  const whole = { $schema: 'http://json-schema.org/draft-07/schema#', $id: `urn:conductor-stall-agent:bundle:${file}`, title: file, ...type }
  if (Object.keys(sorted).length > 0) whole.definitions = sorted
  writeFileSync(path.join(OUT, name), `${JSON.stringify(whole, null, 1)}\n`)
}

/** What says nothing of validity, left out of the code. */
function bare(node) {
  if (Array.isArray(node)) return node.map(bare)
  if (typeof node !== 'object' || node === null) return node
  return Object.fromEntries(
    Object.entries(node)
      .filter(([key, value]) => !(['description', 'examples'].includes(key) && (typeof value === 'string' || Array.isArray(value))))
      .map(([key, value]) => [key, bare(value)]),
  )
}

// One schema for all, each type one function: several files share them.
const ajv = new Ajv({
  code: { source: true, lines: false },
  allowUnionTypes: true,
  strictTypes: false,
  inlineRefs: false,
  messages: false,
})
const files = Object.entries(byFile).map(([file, type]) => [`file-${plainName(file)}`, type])
ajv.addSchema({ $id: 'bundle', definitions: bare({ ...definitions, ...Object.fromEntries(files) }) })
const names = Object.fromEntries(
  files.map(([name]) => [name.slice('file-'.length).replaceAll('-', '_'), `bundle#/definitions/${name}`]),
)
const head = '// Made by npm run schemas: each function says whether a value is as the schema of its file says.\n'
writeFileSync(path.join(OUT, 'checks.cjs'), `${head}${standalone.default(ajv, names)}\n`)
