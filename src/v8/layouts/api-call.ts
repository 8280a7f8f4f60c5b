/**
 * What a call of an embedder's function leaves behind: which object in the exit frame names it, and where its
 * FunctionTemplateInfo keeps the C++ callback (src/objects/templates.tq; the frames are pushed by
 * Builtins::Generate_HandleApiCall and CallApiCallback of src/builtins/x64/builtins-x64.cc). Found by looking for the
 * known callback of 12 functions on the official x64 builds of Node 20.20.2, 22.23.3, 24.21.0 and 26.10.0, in bytes.
 */
import type { V8Family } from './layout.js'

export interface ApiCallLayout {
  /** From c_entry_fp: a JSFunction (11.3) or its FunctionTemplateInfo. */
  readonly callee: number
  /** In the FunctionTemplateInfo: the C++ function. */
  readonly callback: number
}

export const API_CALL: Readonly<Record<V8Family, ApiCallLayout>> = {
  '11.3': { callee: 24, callback: 136 },
  '12.4': { callee: 16, callback: 96 },
  '13.6': { callee: 48, callback: 112 },
  '14.6': { callee: 40, callback: 112 },
}

/** Fields of a FunctionTemplateInfo that are searched for an addon's data. */
export const TEMPLATE_BYTES = 160
/** JSExternalObject: its pointer; node's CallbackWrapperBundle (src/js_native_api_v8.cc): env, data, callback. */
export const EXTERNAL_POINTER = 24
export const NAPI_CALLBACK = 16
