import { describe, expect, it } from 'vitest'
import { demangle, vtableClass } from '../../../../src/platform/elf/demangle.js'

describe('C++ names', () => {
  it.each([
    ['_ZN4node2fs10FileHandleC2Ev', 'node::fs::FileHandle::FileHandle'],
    ['_ZN4node12_GLOBAL__N_120PlatformWorkerThreadEPv', 'node::(anonymous)::PlatformWorkerThread'],
    [
      '_ZZN4node6worker6Worker11StartThreadERKN2v820FunctionCallbackInfoINS2_5ValueEEEENKUlPvE_clES9_',
      'node::worker::Worker::StartThread',
    ],
    [
      '_ZN4node6crypto9CryptoJobINS0_12PBKDF2TraitsEE3RunERKN2v820FunctionCallbackInfoINS4_5ValueEEE',
      'node::crypto::CryptoJob::Run',
    ],
    ['_ZNK2v88internal7Isolate4heapEv', 'v8::internal::Isolate::heap'],
    [
      '_ZThn56_N4node6crypto13DeriveBitsJobINS0_12PBKDF2TraitsEE16DoThreadPoolWorkEv',
      'node::crypto::DeriveBitsJob::DoThreadPoolWork',
    ],
    ['uv__fs_work', 'uv__fs_work'],
    ['uv__fs_work.part.0', 'uv__fs_work'],
    ['Builtins_CEntry_Return1_ArgvOnStack_NoBuiltinExit', 'Builtins_CEntry_Return1_ArgvOnStack_NoBuiltinExit'],
    ['_Z', '_Z'],
    ['_ZN99x', '_ZN99x'],
  ])('reads %s as %s', (symbol, name) => {
    expect(demangle(symbol)).toBe(name)
  })

  it.each([
    ['_ZTVN4node7TCPWrapE', 'TCPWrap'],
    ['_ZTVN4node6crypto13DeriveBitsJobINS0_12PBKDF2TraitsEEE', 'PBKDF2Job'],
    ['_ZTVN4node12_GLOBAL__N_110ZlibStreamE', 'ZlibStream'],
    ['_ZTVN4node2fs11ReadFileJobE', 'ReadFileJob'],
    ['_ZN4node7TCPWrapE', null],
  ])('names the class of %s', (symbol, name) => {
    expect(vtableClass(symbol)).toBe(name)
  })
})
