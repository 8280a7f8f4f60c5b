// After tsc: what is started in a hurry (the preload, the agent's threads, the command line) as few files, each in place of
// the file of the same name that tsc wrote. Why, and what stays as it is: docs/internals/adr/0006-bundled-entries.md.
import { rm } from 'node:fs/promises'
import path from 'node:path'
import { rolldown } from 'rolldown'

const ROOT = path.resolve(import.meta.dirname, '..')
const SRC = path.join(ROOT, 'src')
const DIST = path.join(ROOT, 'dist')

/** The doors share one chunk, and with it one state, whichever of them is loaded first. */
const DOORS = ['index', 'register', 'api']
/** One file each: a thread that starts at a stall should wait for nothing. */
const THREADS = ['watch-thread/watch', 'capture-thread/capture', 'short-threads/boot', 'short-threads/end'].map(
  (name) => `agent/${name}-thread`,
)

/**
 * Two things that tsc does and a bundler does not: a file's own place stays what it was (`__dirname`, `__filename`), and
 * a file without exports, as a door may be, is a module all the same.
 * @param root from the bundle's folder up to dist/
 */
const asCompiledByTsc = (root) => ({
  name: 'as-compiled-by-tsc',
  transform(code, id) {
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

/** What commands share, in a few files instead of thirty; without what brings a package or node:crypto with it. */
const SHARED = {
  name: 'shared',
  test: /src\/(?!incident|report\/plain-table|export|sinks)/,
  minShareCount: 2,
  entriesAware: true,
  entriesAwareMergeThreshold: 50_000,
}

async function bundle(entries, chunk, output = {}) {
  const build = await rolldown({
    input: Object.fromEntries(entries.map((name) => [name, path.join(SRC, `${name}.ts`)])),
    platform: 'node',
    tsconfig: path.join(ROOT, 'tsconfig.build.json'),
    // Packages and node core are loaded as ever; only our own files are joined.
    external: (id) => !id.startsWith('.') && !path.isAbsolute(id),
    resolve: { extensionAlias: { '.js': ['.ts'] } },
    // Shared chunks are one folder down, as the doors' and the commands' files are; a thread's file has no chunks.
    plugins: [
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
    checks: { circularDependency: true },
    onLog(level, log) {
      if (level === 'warn') throw new Error(log.message)
    },
  })
  await build.write({
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
}

await rm(path.join(DIST, 'bundled'), { recursive: true, force: true })
await bundle(DOORS, 'preload')
for (const thread of THREADS) await bundle([thread], path.basename(thread))
await bundle(['sinks/delivery-process'], 'delivery')
await bundle(['cli/main'], 'cli', { codeSplitting: { groups: [SHARED] } })
