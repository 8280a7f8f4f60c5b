/**
 * The one native function that the innermost JavaScript frame called: from the exit frame to the callee, its template,
 * its C++ callback, its symbol. For an addon the path of its `.node` file; N-API's own trampoline says nothing, its
 * data leads on. Exact, and needs no frame pointers: works for running threads, too.
 */
import { toAddress, type Address } from '../../model/address.js'
import type { CodeMap } from '../../native/process/code-map.js'
import type { Tagged, V8Heap } from '../heap/heap.js'
import { API_CALL, EXTERNAL_POINTER, NAPI_CALLBACK, TEMPLATE_BYTES } from '../layouts/api-call.js'

/** v8impl::(anonymous)::FunctionCallbackWrapper::Invoke of src/js_native_api_v8.cc. */
const NAPI_TRAMPOLINE = /(^|::)(FunctionCallbackWrapper::Invoke|CallbackWrapperBase::InvokeCallback)$/

/** Null when the exit frame is no call of an embedder's function (a builtin, the runtime), or has no name. */
export function nativeCallee(heap: V8Heap, code: CodeMap, exitFrame: number): string | null {
  if (exitFrame === 0) return null
  const layout = API_CALL[heap.layout.family]
  const template = templateOf(heap, heap.memory.word(toAddress(exitFrame + layout.callee)))
  if (template === 0) return null
  const callback = toAddress(heap.field(template, layout.callback))
  const place = code.placeOf(callback)
  if (place?.kind !== 'native') return addonOf(heap, code, template)
  // An address inside of a function is no callback: the field is something else.
  if (place.offset !== null && place.offset !== 0) return null
  if (isAddon(place.path)) return place.path
  if (place.function === null || NAPI_TRAMPOLINE.test(place.function)) return addonOf(heap, code, template)
  return place.function
}

function templateOf(heap: V8Heap, callee: Tagged): Tagged {
  if (heap.is(callee, 'FUNCTION_TEMPLATE_INFO')) return callee
  if (!heap.isFunction(callee)) return 0
  const { shared } = heap.layout
  const info = heap.functionShared(callee)
  for (const offset of [shared.data, shared.untrustedData]) {
    const data = offset < 0 ? 0 : heap.field(info, offset)
    if (heap.is(data, 'FUNCTION_TEMPLATE_INFO')) return data
  }
  return 0
}

/** The template's data is an external object that points to N-API's record of the addon's function. */
function addonOf(heap: V8Heap, code: CodeMap, template: Tagged): string | null {
  for (let offset = 8; offset < TEMPLATE_BYTES; offset += 8) {
    const holder = heap.field(template, offset)
    if (!heap.isPointer(holder)) continue
    // 11.3 keeps the data one object further, in a CallHandlerInfo.
    for (const data of [holder, ...(heap.is(holder, 'CALL_HANDLER_INFO') ? handlerData(heap, holder) : [])]) {
      const bundle = heap.field(data, EXTERNAL_POINTER)
      if (bundle % 8 !== 0 || heap.memory.mappingOf(toAddress(bundle))?.writable !== true) continue
      const path = addonAt(code, toAddress(heap.memory.word(toAddress(bundle + NAPI_CALLBACK))))
      if (path !== null) return path
    }
  }
  return null
}

function handlerData(heap: V8Heap, handler: Tagged): Tagged[] {
  return [8, 16, 24, 32].map((offset) => heap.field(handler, offset)).filter((word) => heap.isPointer(word))
}

function addonAt(code: CodeMap, address: Address): string | null {
  const path = code.mappingOf(address)?.path
  return path !== undefined && isAddon(path) ? path : null
}

function isAddon(path: string): boolean {
  return /\.node( \(deleted\))?$/.test(path)
}
