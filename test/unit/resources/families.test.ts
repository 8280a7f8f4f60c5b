import { describe, expect, test } from 'vitest'
import {
  describeByName,
  describeObject,
  FAMILIES,
  requestFamily,
  RESOURCE_CLASSES,
} from '../../../src/resources/families.js'
import type { NativeSide, NodeObject } from '../../../src/resources/node-object.js'

type Fields = Readonly<Record<string, string | number | boolean | NodeObject>>

function object(className: string, fields: Fields = {}, native: NativeSide | null = null): NodeObject {
  const read = <T>(names: readonly string[], is: (value: unknown) => value is T): T | null => {
    const value = names.map((name) => fields[name]).find((each) => each !== undefined)
    return is(value) ? value : null
  }
  return {
    className,
    text: (...names) => read(names, (value) => typeof value === 'string'),
    number: (...names) => read(names, (value) => typeof value === 'number'),
    flag: (...names) => read(names, (value) => typeof value === 'boolean'),
    object: (...names) => read(names, (value): value is NodeObject => typeof value === 'object'),
    native: () => native,
  }
}

const AT = { uptimeMs: 5_000 }

describe('an object of Node', () => {
  test.each([
    ['a timer', object('Timeout', { _idleTimeout: 9_000, _idleStart: 1_000 }), { kind: 'timer', dueInMs: 5_000 }],
    ['a child', object('ChildProcess', { pid: 7, spawnfile: '/bin/a' }), { kind: 'child', pid: 7 }],
    ['a worker', object('Worker', { '[kHandle]': object('Worker', { threadId: 3 }) }), { kind: 'worker', threadId: 3 }],
    ['a file', object('ReadStream', { path: '/a', fd: 9 }), { kind: 'stream', path: '/a', fd: 9 }],
    [
      'a TLS socket by the handle that it wraps',
      object('TLSSocket', {
        _handle: object(
          'TLSWrap',
          { _parent: object('TCP', {}, { className: 'TCPWrap', fd: 21 }) },
          { className: 'TLSWrap' },
        ),
      }),
      { kind: 'socket', type: 'tls', fd: 21 },
    ],
    [
      'a request of fs',
      object('FSReqCallback', {}, { className: 'FSReqCallback', path: '/a' }),
      { kind: 'file', path: '/a' },
    ],
    [
      'a job by the look of its name',
      object('', {}, { className: 'PBKDF2Job' }),
      { kind: 'pool-request', owner: 'PBKDF2Job' },
    ],
    ['something new', object('', {}, { className: 'NewThing', fd: 4 }), { kind: 'unknown', owner: 'NewThing', fd: 4 }],
  ])('is described: %s', (_name, it, expected) => {
    expect(describeObject(it, AT)).toMatchObject(expected)
  })

  test('is none when it is of no family and has no C++ side', () => {
    expect(describeObject(object('Mutex'), AT)).toBeNull()
    expect(describeByName(object('Mutex'))).toBeNull()
    expect(describeByName(object('HashRing'))).toBeNull()
  })

  test('is known in a snapshot by the names that memory knows it by', () => {
    for (const name of RESOURCE_CLASSES) {
      if (name !== 'FileHandle')
        expect([name, describeByName(object(name))?.kind]).toEqual([name, describeObject(object(name), AT)?.kind])
    }
    expect(describeByName(object('TCP'))).toMatchObject({ kind: 'socket' })
    expect(describeByName(object('FileHandle'))).toMatchObject({ kind: 'file' })
  })

  test('says that its answer has begun where the way leads through the body', () => {
    const request = object('ClientRequest', {
      method: 'GET',
      host: 'a',
      path: '/b?c',
      finished: true,
      socket: object('Socket'),
    })
    const http = requestFamily('ClientRequest')
    expect(http?.describe(request, AT)).toMatchObject({ method: 'GET', url: 'http://a/b', sent: true })
    expect(http?.describe(request, { ...AT, answering: true })).toMatchObject({ answered: true, body: 'incomplete' })
  })

  test('belongs to one family', () => {
    const names = FAMILIES.flatMap(({ classes = [], requests = [] }) => [...new Set([...classes, ...requests])])
    expect(new Set(names).size).toBe(names.length)
  })
})
