/**
 * Removes a folder and what is in it, following no link at any depth: somebody who may write a folder on the way could
 * otherwise swap one for a link in the middle of it, and what it points to would be emptied.
 */
import { lstatSync, readdirSync, rmdirSync, unlinkSync } from 'node:fs'
import path from 'node:path'
import { openFolder } from './folder-handle.js'

/** Bundles have no folders in them; whatever somebody put there does not go on for ever. */
const MAX_DEPTH = 8

/** Throws system errors. One that is gone already is no error. */
export function removeFolder(folder: string): void {
  removeAt(path.dirname(folder), path.basename(folder), 0)
}

function removeAt(parentPath: string, name: string, depth: number): void {
  const parent = openFolder(parentPath, { followLink: true })
  try {
    const place = path.join(parent.inside, name)
    const stats = lstatSync(place, { throwIfNoEntry: false })
    if (stats === undefined) return
    if (!stats.isDirectory()) {
      unlinkSync(place)
      return
    }
    const folder = openFolder(place)
    try {
      for (const inner of readdirSync(folder.inside, { withFileTypes: true })) {
        if (!inner.isDirectory()) unlinkSync(path.join(folder.inside, inner.name))
        else if (depth < MAX_DEPTH) removeAt(folder.inside, inner.name, depth + 1)
      }
    } finally {
      folder.dispose()
    }
    rmdirSync(place)
  } finally {
    parent.dispose()
  }
}
