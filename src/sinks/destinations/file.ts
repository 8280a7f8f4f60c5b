/** A folder, on this machine or mounted: the archive and its reports, there whole or not at all. */
import { accessSync, constants, statSync } from 'node:fs'
import path from 'node:path'
import { createDurableFile } from '../../incident/durable-file.js'
import { pageOf, type ParcelFile } from '../contract/parcel-file.js'
import type { Check, SinkContext, Store } from '../contract/sink.js'
import { fileLine } from '../http/http-client.js'
import { refused, unreachable } from '../contract/sink-error.js'

export function open({ values, rehearse, from }: SinkContext): Store {
  const directory = path.resolve(from, values.needed('dir'))
  const baseUrl = values.text('url')
  return {
    kind: 'store',
    put: async (parcel) => {
      for (const file of [...parcel.reports, parcel.archive]) {
        if (rehearse !== null) rehearse({ what: `write ${path.join(directory, file.name)}`, body: fileLine(file) })
        else write(directory, file)
      }
      const { name } = parcel.archive
      const page = pageOf(parcel)
      const urlOf = (file: string): string | null =>
        baseUrl === null ? null : `${baseUrl}/${encodeURIComponent(file)}`
      return { ref: path.join(directory, name), url: urlOf(name), pageUrl: page === null ? null : urlOf(page.name) }
    },
    check: async () => [check(directory)],
  }
}

function write(directory: string, { name, bytes }: ParcelFile): void {
  // Not made here: a mount that is gone would leave a plain folder in its place, and archives where nobody looks.
  if (statSync(directory, { throwIfNoEntry: false })?.isDirectory() !== true) {
    throw unreachable(`there is no folder ${directory}`)
  }
  try {
    const file = createDurableFile(directory, name, { shared: true })
    file.write(bytes)
    file.commit()
  } catch (thrown) {
    const message = thrown instanceof Error ? thrown.message : String(thrown)
    throw /EACCES|EPERM|EROFS/.test(message)
      ? refused(message, `Let this user write into ${directory}.`)
      : unreachable(message, thrown)
  }
}

function check(directory: string): Check {
  try {
    if (!statSync(directory).isDirectory()) return { ok: false, text: `${directory} is no folder` }
    accessSync(directory, constants.W_OK)
    return { ok: true, text: `${directory} can be written` }
  } catch (thrown) {
    return {
      ok: false,
      text: thrown instanceof Error ? thrown.message : String(thrown),
      advice: `mkdir -p ${directory}`,
    }
  }
}
