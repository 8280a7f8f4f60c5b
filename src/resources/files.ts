/** Requests of fs, its streams, and handles of open files. */
import type { Family } from './family.js'
import { fdPart } from './node-object.js'
import { describeSocket, handleOf } from './sockets.js'

export const files: Family = {
  classes: ['ReadStream', 'WriteStream'],
  nativeKind: 'file',
  natives: ['FSReqCallback', 'FSReqPromise'],
  nativeLike: /ReadFileJob|FSReq/,
  describe(object) {
    const path = object.text('path')
    const fd = object.number('fd')
    // tty.ReadStream and net's are sockets; only fs streams have a path.
    if (path === null && handleOf(object) !== null) return describeSocket(object, 'Socket')
    return {
      kind: 'stream',
      label: object.className,
      ...(path === null ? {} : { path }),
      ...(fd === null || fd < 0 ? {} : { fd }),
    }
  },
  describeNative(object) {
    const native = object.native()
    const label = object.className || native?.className
    const path = native?.path
    return {
      kind: 'file',
      ...(label === undefined ? {} : { label }),
      ...(path === undefined ? {} : { path }),
      ...fdPart(native),
    }
  },
}

/** `fs.watch` and `fs.watchFile`: what they bring is a change, and for how long there is none nobody can tell. */
export const watchers: Family = {
  natives: ['FSEventWrap', 'FSEvent', 'StatWatcher', '_StatWatcher'],
  nativeKind: 'emitter',
  describe: () => null,
  describeNative: () => ({ kind: 'emitter', owner: 'a watched file or folder', event: 'change' }),
}

/** An open file: of fs.promises, whose JavaScript object has the same name as its C++ side. */
export const fileHandles: Family = {
  ...files,
  classes: ['FileHandle'],
  natives: ['FileHandle'],
  describe: describeHandle,
}

function describeHandle(object: Parameters<Family['describe']>[0]): ReturnType<Family['describe']> {
  return object.native() === null ? null : (files.describeNative?.(object) ?? null)
}
