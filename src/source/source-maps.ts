/**
 * Where generated code came from, by its source map: node's own decoder, files read synchronously and bounded. A map
 * that is missing or broken costs its positions, nothing else.
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { SourceMap, type SourceMapPayload } from 'node:module'
import path from 'node:path'
import type { SourcePosition } from '../model/frame.js'

const MAX_SCRIPT_BYTES = 32 * 1024 * 1024
const MAX_FILES = 100
/** The comment is the last line; a data URL in it can be as long as the map. */
const COMMENT = /\/\/[#@] sourceMappingURL=(\S+)\s*$/
const DATA_URL = /^data:application\/json[^,]*?(;base64)?,/

interface LoadedMap {
  readonly map: SourceMap
  /** Folder that its sources are relative to. */
  readonly folder: string
  readonly sources: readonly string[]
  readonly contents: readonly (string | null)[]
  /** The generated text, in which names are looked for. */
  readonly script: string
}

export interface SourceMaps {
  /** @param line from 1 @param column from 1. Null without a map, or where it says nothing. */
  originalOf(file: string, line: number, column: number): SourcePosition | null
  /** What a function was called before it was minified; null when the map does not tell. The place is one inside of it. */
  nameOf(file: string, line: number, column: number, name: string): string | null
  /** Text of an original file that a map of `originalOf` brought along; null without. */
  contentOf(source: string): string | null
}

export interface SourceMapOptions {
  /** Prefix of every path: `/proc/PID/root` from outside, nothing inside. */
  readonly root?: string
  /** Distinct scripts that are looked at. */
  readonly maxFiles?: number
  /** A decoded map takes ten times its size: the capture thread, whose memory is the pod's, reads small ones only. */
  readonly maxMapBytes?: number
}

export function createSourceMaps(options: SourceMapOptions = {}): SourceMaps {
  const { root = '', maxFiles = MAX_FILES, maxMapBytes = 64 * 1024 * 1024 } = options
  const loaded = new Map<string, LoadedMap | null>()
  const mapOf = (file: string): LoadedMap | null => {
    const known = loaded.get(file)
    if (known !== undefined) return known
    if (loaded.size >= maxFiles) return null
    const fresh = loadMap(root, file, maxMapBytes)
    loaded.set(file, fresh)
    return fresh
  }
  return {
    originalOf(file, line, column) {
      if (!path.isAbsolute(file)) return null
      const found = mapOf(file)
      if (found === null) return null
      const entry = found.map.findEntry(line - 1, column - 1)
      // An empty object where the map says nothing: its typings don't know.
      if (!('originalSource' in entry) || typeof entry.originalLine !== 'number') return null
      return {
        file: sourcePath(entry.originalSource, found.folder),
        line: entry.originalLine + 1,
        column: entry.originalColumn + 1,
      }
    },
    nameOf(file, line, column, name) {
      const found = path.isAbsolute(file) ? mapOf(file) : null
      return found === null ? null : nameIn(found, line, column, name)
    },
    contentOf(source) {
      for (const found of loaded.values()) {
        const index = found?.sources.findIndex((each) => sourcePath(each, found.folder) === source) ?? -1
        const content = index < 0 ? null : found?.contents[index]
        if (typeof content === 'string') return content
      }
      return null
    },
  }
}

function loadMap(root: string, file: string, maxMapBytes: number): LoadedMap | null {
  const script = readBounded(root + file, Math.min(MAX_SCRIPT_BYTES, 4 * maxMapBytes))
  const url = script === null ? null : COMMENT.exec(script.slice(script.lastIndexOf('\n//') + 1))?.[1]
  if (url === null || url === undefined) return null
  const folder = path.dirname(file)
  const data = DATA_URL.exec(url)
  if (data)
    return url.length > maxMapBytes * 1.4
      ? null
      : decode(fromDataUrl(url.slice(data[0].length), data[1] !== undefined), folder, script ?? '')
  if (/^[a-z][a-z0-9+.-]*:/i.test(url)) return null
  const mapFile = path.resolve(folder, decodeURIComponent(url))
  return decode(readBounded(root + mapFile, maxMapBytes), path.dirname(mapFile), script ?? '')
}

function fromDataUrl(text: string, base64: boolean): string {
  return base64 ? Buffer.from(text, 'base64').toString('utf8') : decodeURIComponent(text)
}

function decode(text: string | null, folder: string, script: string): LoadedMap | null {
  if (text === null) return null
  try {
    const payload = JSON.parse(text) as Partial<SourceMapPayload>
    const { sources = [], sourcesContent = [], sourceRoot = '' } = payload
    const rooted = sourceRoot === '' ? sources : sources.map((each) => `${sourceRoot.replace(/\/$/, '')}/${each}`)
    return {
      map: new SourceMap(payload as SourceMapPayload),
      folder,
      sources: rooted,
      contents: sourcesContent,
      script,
    }
  } catch {
    // No JSON, or no map: the generated position is all there is.
    return null
  }
}

/** Bundlers name sources by schemes of their own (`webpack://app/./src/x.ts`): those stay as they are. */
function sourcePath(source: string, folder: string): string {
  if (source.startsWith('file://')) return decodeURIComponent(source.slice('file://'.length))
  return /^[a-z][a-z0-9+.-]*:/i.test(source) ? source : path.resolve(folder, source)
}

/** Null for what is no plain file, too large, or not to be read. */
function readBounded(file: string, limitBytes: number): string | null {
  let fd: number | null = null
  try {
    fd = openSync(file, 'r')
    const stats = fstatSync(fd)
    if (!stats.isFile() || stats.size > limitBytes) return null
    const bytes = Buffer.allocUnsafe(stats.size)
    let at = 0
    while (at < bytes.length) {
      const got = readSync(fd, bytes, at, bytes.length - at, at)
      if (got === 0) break
      at += got
    }
    return bytes.toString('utf8', 0, at)
  } catch {
    // A comfort, never needed.
    return null
  } finally {
    if (fd !== null) closeSync(fd)
  }
}

/** Characters before a place in which the head of its function is looked for. */
const MAX_BACK = 200_000

/**
 * A frame's place is where its function stands, and maps name what lies at a place: so the function's own name is
 * looked for in the text before it, where it is declared, assigned or a method, and the map is asked there.
 */
function nameIn({ map, script }: LoadedMap, line: number, column: number, name: string): string | null {
  if (!/^[\w$]{1,60}$/.test(name)) return null
  const lines = lineStarts(script, line)
  const at = (lines[line - 1] ?? -1) + column - 1
  if (lines.length < line || at < 0) return null
  const from = Math.max(0, at - MAX_BACK)
  const word = name.replaceAll('$', '\\$')
  const head = new RegExp(
    `(?:\\bfunction\\s*\\*?\\s*(${word})\\s*\\(|(?<![\\w$.])(${word})\\s*=\\s*(?:async\\b\\s*)?(?:function\\b|\\(|[\\w$]+\\s*=>)|(?<=[{};,]|async\\s)\\s*(${word})\\s*\\([^()]*\\)\\s*\\{)`,
    'dg',
  )
  let found = -1
  for (const { indices = [] } of script.slice(from, at).matchAll(head)) {
    // By its group: `n` is a letter of `function` too.
    found = from + (indices.slice(1).find((each) => each !== undefined)?.[0] ?? 0)
  }
  if (found < 0) return null
  const inLine = lines.findLastIndex((start) => start <= found)
  const entry = map.findEntry(inLine, found - (lines[inLine] ?? 0))
  if (!('originalSource' in entry) || entry.generatedLine !== inLine) return null
  const original = (entry as { readonly name?: string }).name
  const exact = entry.generatedColumn === found - (lines[inLine] ?? 0)
  return exact && original !== undefined && original !== '' ? original : null
}

/** Offsets of the first lines of a text. */
function lineStarts(text: string, count: number): number[] {
  const starts = [0]
  while (starts.length < count) {
    const next = text.indexOf('\n', starts.at(-1))
    if (next < 0) break
    starts.push(next + 1)
  }
  return starts
}
