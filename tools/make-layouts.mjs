// Makes layouts/BUILD-ID.json, what ships with the package for the common official builds, out of Node binaries:
//   npm run layouts                   the binaries under test/nodes
//   npm run layouts -- /path/to/node  others besides
// Needs `npm run build`. Nothing of a binary is run but `--version`-like facts are not even needed: all is in its ELF.
import { mkdirSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..')
const require = createRequire(import.meta.url)
const { openElf } = require(path.join(root, 'build/platform/elf/elf-file.js'))
const { findNodeVersion } = require(path.join(root, 'build/platform/runtime/node-file.js'))
const { layoutOfElf } = require(path.join(root, 'build/v8/layouts/binary.js'))
const { binaryFactsOf, factsAsTable } = require(path.join(root, 'build/native/process/binary-facts.js'))

const { findThreadStarts } = require(path.join(root, 'build/native/thread/thread-roles.js'))

const given = process.argv.slice(2)
const binaries =
  given.length > 0 ? given : [20, 22, 24, 26].map((major) => `${root}/test/nodes/node_modules/node${major}/bin/node`)

mkdirSync(path.join(root, 'layouts'), { recursive: true })
for (const binary of binaries) {
  const elf = openElf(binary)
  const found = layoutOfElf(elf)
  if (found.kind !== 'known' || elf.buildId === null) {
    console.error(`${binary}: no layout (${found.kind === 'unknown' ? found.why : found.kind})`)
    process.exitCode = 1
    continue
  }
  const table = {
    buildId: elf.buildId,
    build: `${findNodeVersion(binary, elf)} linux-${elf.machine}, V8 ${found.layout.v8}`,
    v8: found.layout,
    native: factsAsTable(binaryFactsOf(elf), findThreadStarts(elf)),
  }
  const file = path.join(root, 'layouts', `${elf.buildId}.json`)
  // One group a line: a change of one offset is one line of a diff.
  const body = Object.entries(table)
    .map(([key, value]) =>
      typeof value === 'object' && value !== null
        ? `${JSON.stringify(key)}:{\n${Object.entries(value)
            .map(([name, part]) => `  ${JSON.stringify(name)}:${JSON.stringify(part)}`)
            .join(',\n')}\n}`
        : `${JSON.stringify(key)}:${JSON.stringify(value)}`,
    )
    .join(',\n')
  writeFileSync(file, `{${body}}\n`)
  console.log(`${file} ${table.build}`)
  elf.dispose()
}
