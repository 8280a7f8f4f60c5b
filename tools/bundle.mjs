// dist/, which is what the package ships: every file that somebody starts or requires (the doors, the agent's threads, the
// command line), each with all of ours that it needs. Why: docs/internals/adr/0006-bundled-entries.md.
import { rm } from 'node:fs/promises'
import path from 'node:path'
import { rolldown } from 'rolldown'

const ROOT = path.resolve(import.meta.dirname, '..')
const SRC = path.join(ROOT, 'src')
const DIST = path.join(ROOT, 'dist')

/** The doors share one chunk, and with it one state, whichever of them is loaded first. */
const DOORS = ['index', 'register', 'api']
/** One file each: a thread that starts at a stall should wait for nothing. */
const THREADS = [
  'watch-thread/watch',
  'probes-thread/probes',
  'capture-thread/capture',
  'short-threads/boot',
  'short-threads/end',
  'short-threads/native-probe',
].map((name) => `agent/${name}-thread`)
/** Started or required by their path, one file each. */
const ALONE = [
  ...THREADS,
  'supervise/outside-capture-thread',
  'inspector/connection/port-guard',
  'log/stderr-sink',
  'cli/load-compiled',
]

/**
 * Two things that tsc does and a bundler does not: a file's own place stays what it was (`__dirname`, `__filename`), and
 * a file without exports, as a door may be, is a module all the same.
 * @param root from the bundle's folder up to dist/
 */
const asCompiledByTsc = (root) => ({
  name: 'as-compiled-by-tsc',
  transform(code, id) {
    if (!id.startsWith(SRC)) return null
    const from = path.relative(SRC, path.dirname(id))
    const place = (...names) =>
      `require('node:path').join(__dirname, ${JSON.stringify(path.join(root, from, ...names))})`
    const placed = code.replaceAll(/\b__(dir|file)name\b/g, (_, kind) =>
      kind === 'dir' ? place() : place(`${path.basename(id, '.ts')}.js`),
    )
    if (placed !== code && from === '') throw new Error(`${id} asks for its place, which is not that of a bundle`)
    return { code: `${placed}\nexport {}`, moduleType: 'ts' }
  },
})

/** What the frame of the command line waits for, whichever command is asked for: `--help` loads nothing more. */
const FRAME = { name: 'shared-frame', tags: ['$initial'], priority: 4 }

/**
 * The lowest rooms, which import nothing above them: a file of their own. Merged by size alone, chunks came to require each
 * other in a circle, and a class or table was undefined when the other file was first run.
 */
const BASE = {
  name: 'shared-base',
  test: /src\/(?:model|config|log|redact|platform)\/|src\/cli\/(?:output|exit-codes|examples|parse-options|collect)\.ts$/,
  minShareCount: 2,
  priority: 3,
}

/** What commands share, in a few files instead of thirty; without what brings a package or node:crypto with it. */
const SHARED = {
  name: 'shared',
  test: /src\/(?!incident\/(?!bundle-format)|report\/plain-table|export|sinks|cli|supervise)/,
  minShareCount: 2,
}

/** How awaits are found, by memory or in a heap snapshot: what only a look that wants them loads. */
const AWAITS = {
  name: 'shared-awaits',
  test: /src\/(?:awaits\/(?!work\/|stores\/)|inspector\/heap\/|capture\/(?:read-awaits|heap-await))/,
  minShareCount: 2,
  priority: 1,
}

/** Small files of bundles that bring no package along: one file for who reads and who writes. */
const FOLDERS = {
  name: 'shared-folders',
  test: /src\/incident\/(?:directory|writer-alive|tombstone|durable-file)\.ts$/,
  minShareCount: 2,
}

/** In a circle of files one runs before what it needs is there: found by whoever starts it, or here. */
function refuseCircles(chunks) {
  const imports = new Map(chunks.map((chunk) => [chunk.fileName, chunk.imports ?? []]))
  for (const start of imports.keys()) {
    const seen = new Set()
    const queue = [...imports.get(start)]
    for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
      if (next === start) throw new Error(`${start} requires itself through ${[...seen].join(', ')}`)
      if (seen.has(next)) continue
      seen.add(next)
      queue.push(...(imports.get(next) ?? []))
    }
  }
}

/**
 * commander is the one package that every command waits for: as a part of our own files it costs one file instead of six,
 * and no node:child_process (with streams, net and dgram), which it loads for programs of subcommands that we have none of.
 */
const COMMANDER = {
  name: 'commander-inside',
  transform(code, id) {
    if (!id.endsWith('commander/lib/command.js')) return null
    const eager = "const childProcess = require('node:child_process');"
    if (!code.includes(eager)) throw new Error('commander loads node:child_process in another way than it did')
    return code.replace(eager, 'const childProcess = {};')
  },
}

async function bundle(entries, chunk, { inside = [], ...output } = {}) {
  const build = await rolldown({
    input: Object.fromEntries(entries.map((name) => [name, path.join(SRC, `${name}.ts`)])),
    platform: 'node',
    tsconfig: path.join(ROOT, 'tsconfig.build.json'),
    // Packages and node core are loaded as ever; only our own files are joined.
    external: (id) => !id.startsWith('.') && !path.isAbsolute(id) && !inside.includes(id),
    resolve: { extensionAlias: { '.js': ['.ts'] } },
    // Shared chunks are one folder down, as the doors' and the commands' files are; a thread's file has no chunks.
    plugins: [
      COMMANDER,
      asCompiledByTsc(
        path.join(
          '..',
          ...entries[0]
            .split('/')
            .slice(2)
            .map(() => '..'),
        ),
      ),
    ],
    // Chunks give each other what they need, whether an entry has promised it or not.
    preserveEntrySignatures: 'allow-extension',
    checks: { circularDependency: true },
    onLog(level, log) {
      if (level === 'warn') throw new Error(log.message)
    },
  })
  const { output: chunks } = await build.write({
    dir: DIST,
    format: 'cjs',
    exports: 'named',
    // One character beyond Latin 1 and V8 holds the whole file in two bytes a character.
    charset: 'ascii',
    esModule: true,
    entryFileNames: '[name].js',
    chunkFileNames: ({ name }) => `bundled/${chunk}-${name.startsWith('shared') ? 'shared' : '[name]'}.js`,
    ...output,
    comments: { legal: false, annotation: false, jsdoc: false },
  })
  await build.close()
  refuseCircles(chunks)
}

/** Writes dist/ anew. */
export async function bundleAll() {
  await rm(DIST, { recursive: true, force: true })
  await bundle(DOORS, 'preload')
  for (const entry of ALONE) await bundle([entry], path.basename(entry), { codeSplitting: false })
  await bundle(['sinks/delivery-process'], 'delivery')
  await bundle(['cli/main'], 'cli', {
    inside: ['commander'],
    codeSplitting: { includeDependenciesRecursively: false, groups: [FRAME, BASE, AWAITS, SHARED, FOLDERS] },
  })
}
