/**
 * Loads the files of the command line with the code that V8 has compiled before. Only our own files; packages and node
 * core come as ever. Where there is no cache, and where the user has chosen Node's own, all of it comes as ever.
 */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import vm from 'node:vm'
import {
  type CompiledPart,
  identityOfSource,
  prepareCompileCache,
  readCompiled,
  writeCompiled,
} from './compile-cache.js'

type Load = (exports: object, require: NodeJS.Require, module: object, filename: string, folder: string) => void

/** As Node's own. The last two are put together here: in a bundle their names stand for places. */
const PARAMETERS = ['exports', 'require', 'module', ...['file', 'dir'].map((what) => `__${what}name`)]

/** EX_USAGE, as `exit-codes.ts` has it, which is not loaded yet. */
const USAGE = 64

interface Loaded {
  readonly file: string
  readonly identity: string
  readonly script: vm.Script
}

/**
 * `require(file)`, quicker from the second time on.
 *
 * @param file absolute; a file of ours, in CommonJS
 * @param require of whoever starts, in the same package: for all that is not ours
 * @param command what the cache is kept for: each command runs another part of the code
 */
export function loadCompiled(
  file: string,
  require: NodeJS.Require,
  command: string,
  env: NodeJS.ProcessEnv = process.env,
): unknown {
  const isLeftToNode = env['NODE_COMPILE_CACHE'] || env['NODE_DISABLE_COMPILE_CACHE']
  const folder = isLeftToNode ? null : prepareCompileCache(env)
  if (folder === null) return require(file)
  return new CompiledFiles(path.join(folder, cacheNameOf(file, command)), require).load(file)
}

/** One file a command, a version of Node and a place where the package is. */
export function cacheNameOf(file: string, command: string): string {
  const word = /^[a-z]{1,20}$/.test(command) ? command : 'other'
  let hash = 0
  for (let at = 0; at < file.length; at++) hash = (Math.imul(hash, 31) + file.charCodeAt(at)) >>> 0
  return `${process.version}-${process.arch}-${word}-${hash.toString(16)}`
}

class CompiledFiles {
  readonly #cache: string
  readonly #require: NodeJS.Require
  readonly #known: ReadonlyMap<string, CompiledPart>
  readonly #loaded: Loaded[] = []
  #isMissing = false

  constructor(cache: string, require: NodeJS.Require) {
    this.#cache = cache
    this.#require = require
    this.#known = new Map(readCompiled(cache).map((part) => [part.file, part]))
    process.once('exit', (code) => this.#keep(code))
  }

  load(file: string): unknown {
    const { cache } = this.#require
    const before = cache[file]
    if (before !== undefined) return before.exports
    // Before it is read: a text that is replaced in between is then compiled anew, never run with the code of the other.
    const identity = identityOfSource(file)
    const source = readFileSync(file, 'utf8')
    // Only of a file that Node has loaded itself it knows what an import is to be resolved from.
    if (source.includes('import(')) return this.#require(file)
    const known = this.#known.get(file)
    const cachedData = known?.identity === identity ? { cachedData: known.code } : {}
    const script = new vm.Script(`(function (${PARAMETERS.join(', ')}) { ${source}\n})`, {
      filename: file,
      ...cachedData,
    })
    if (script.cachedDataRejected !== false) this.#isMissing = true
    this.#loaded.push({ file, identity, script })
    // Whoever asks Node for the same file gets this one: state that is to be one stays one.
    const module = { id: file, filename: file, loaded: true, exports: {}, children: [], paths: [] }
    cache[file] = module as unknown as NodeJS.Module
    const run = script.runInThisContext() as Load
    run.call(module.exports, module.exports, this.#requireFrom(path.dirname(file)), module, file, path.dirname(file))
    return module.exports
  }

  #requireFrom(folder: string): NodeJS.Require {
    const ours = (id: string): unknown => (id.startsWith('.') ? this.load(path.join(folder, id)) : this.#require(id))
    return Object.assign(ours, this.#require)
  }

  /** All of it anew when any was missing: by now V8 has compiled what this command needs. */
  #keep(exitCode: number): void {
    // A word that is no command needs no cache.
    if (!this.#isMissing || exitCode === USAGE) return
    const parts = this.#loaded.map(({ file, identity, script }) => ({
      file,
      identity,
      code: script.createCachedData(),
    }))
    writeCompiled(this.#cache, parts)
  }
}
