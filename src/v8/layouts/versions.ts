/**
 * What a V8 version's binaries do not export as `v8dbg_*` symbols: one column a version, each row with the source that
 * lays it out (file in V8's tree at the tag named by `process.versions.v8`; the classes are generated from the .tq
 * files, in the order of their fields, 8 bytes each after the map). Lines are those of Node's copy (`deps/v8/`) at the
 * commit of nodejs/node that is named beside them; the order of fields is the same at the tags. Every number was also seen by calibration on the
 * official x64 builds of Node 20.20.2, 22.23.3, 24.21.0 and 26.10.0, and the truth tests hold them there.
 */
import type { PositionEncoding, V8Family, V8Layout } from './layout.js'

export interface VersionTable {
  /** src/objects/js-function.tq: its Code; 13.6 and 14.6 keep a dispatch handle there instead. */
  readonly functionCode: number
  /**
   * src/execution/frame-constants.h, InterpreterFrameConstants and UnoptimizedFrameConstants: slots between the bytecode
   * offset and register 0. 12 keeps the feedback vector there.
   */
  readonly slotsAboveRegisters: number
  /** src/objects/map.cc: from 12 on each realm has a meta map of its own beside the read-only heap's. */
  readonly metaMaps: number
  /** src/objects/shared-function-info.tq:78-85 (0101e8b2c2c8): function_data, or trusted_function_data then untrusted_function_data. */
  readonly shared: { readonly data: number; readonly untrustedData: number }
  /** src/objects/script.tq:19-63 (0a046d0b8bc0); source_url and source_mapping_url follow flags. The same in all. */
  readonly script: Pick<
    V8Layout['script'],
    'lineOffset' | 'columnOffset' | 'type' | 'id' | 'sourceUrl' | 'sourceMappingUrl'
  >
  /** src/objects/bytecode-array.tq:7-22 (0ddf2b30bca0, as in 11.3): constant_pool, handler_table, source_position_table, frame_size. */
  readonly bytecode: Omit<V8Layout['bytecode'], 'length' | 'data'>
  /** src/objects/code.h, Code::Fields (11.3: kept apart from InstructionStream, not exported). */
  readonly code: Pick<
    V8Layout['code'],
    'deoptimization' | 'sourcePositions' | 'instructionStart' | 'instructionSize' | 'flags' | 'streamToCode'
  >
  /**
   * Swept memory: where its type stands from FEEDBACK_VECTOR's, since 13 and later do not export it (measured: of 60,000 such
   * blocks each ends where an object begins), and what its size counts. src/objects/free-space.tq: bytes; from 13 on
   * src/objects/free-space-inl.h, `size_in_tagged_.Relaxed_Load().value() * kTaggedSize`.
   */
  readonly freeSpace: { readonly afterFeedbackVector: number; readonly sizeUnit: 1 | 8 }
  /** src/objects/js-generator.tq:16-52 (0101e8b2c2c8): function, context, receiver, input_or_debug_pos, resume_mode, continuation, parameters_and_registers. */
  readonly generator: V8Layout['generator']
  /** src/objects/js-generator.tq:58-63 (0101e8b2c2c8), AsyncGeneratorRequest: next, resume_mode, value, promise. */
  readonly asyncRequest: V8Layout['asyncRequest']
  /** src/objects/js-promise.tq:30-31 (0524d3ba8a96): reactions_or_result, flags, after the three fields of a JSObject. */
  readonly promise: V8Layout['promise']
  /** src/objects/promise.tq:29-36 (101a4e5a9248, as in 11.3); continuation_preserved_embedder_data comes first from 12 on. */
  readonly reaction: V8Layout['reaction']
  /** src/objects/scope-info.tq: position_info moved before the locals in 13. */
  readonly positionsInHeader: boolean
  /** src/objects/scope-info.tq, kScopeInfoMaxInlinedLocalNamesSize. */
  readonly maxInlinedLocals: number
  /** src/heap/memory-chunk-layout.h, mutable-page-metadata: page start to Heap, and to area_end. */
  readonly page: V8Layout['page']
  /** src/execution/isolate-data.h and thread-local-top.h (c_entry_fp_, js_entry_sp_, current_vm_state_), isolate.h (heap_). */
  readonly isolate: V8Layout['isolate']
  /** src/codegen/source-position-table.cc, EncodeEntry: the sign of the code delta is is_statement; 14 packs is_statement into the code delta. */
  readonly positions: PositionEncoding
  /** src/deoptimizer/translation-opcode.h:14 (09de4145059e), TRANSLATION_OPCODE_LIST: operand counts in its order. */
  readonly translation: readonly number[] | null
}

/** The names are in the binaries, in this order, for V8's own tracing. */
const TRANSLATION_13: readonly number[] = [
  // INTERPRETED_FRAME_WITH_RETURN, WITHOUT_RETURN, JAVASCRIPT_BUILTIN_CONTINUATION_FRAME, WITH_CATCH
  6, 4, 3, 3,
  // CONSTRUCT_CREATE_STUB, CONSTRUCT_INVOKE_STUB, BUILTIN_CONTINUATION, JS_TO_WASM, WASM_INLINED, LIFTOFF, INLINED_EXTRA
  2, 1, 3, 4, 3, 3, 2,
  // ARGUMENTS_ELEMENTS, ARGUMENTS_LENGTH, REST_LENGTH, BEGIN_WITHOUT_FEEDBACK, BEGIN_WITH_FEEDBACK
  1, 0, 0, 3, 3,
  // BOOL register and slot, CAPTURED_OBJECT, STRING_CONCAT
  1, 1, 1, 0,
  // DOUBLE register and slot, SIMD128 slot, HOLEY_DOUBLE register and slot, SIMD128 register, DUPLICATED_OBJECT
  1, 1, 1, 1, 1, 1, 1,
  // FLOAT, INT32, INT64, SIGNED_BIGINT64, UNSIGNED_BIGINT64: register and slot each
  1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
  // OPTIMIZED_OUT, LITERAL, REGISTER, TAGGED_STACK_SLOT, UINT32 register and slot, UPDATE_FEEDBACK, MATCH_PREVIOUS
  0, 1, 1, 1, 1, 1, 2, 1,
]

const SCRIPT = { lineOffset: 24, columnOffset: 32, type: 48, id: 64, sourceUrl: 112, sourceMappingUrl: 120 }
const GENERATOR = {
  function: 24,
  context: 32,
  receiver: 40,
  inputOrPosition: 48,
  resumeMode: 56,
  continuation: 64,
  registers: 72,
  promise: 80,
  queue: 80,
}
const FREE_SPACE = { afterFeedbackVector: 2, sizeUnit: 1 } as const
const FREE_SPACE_13 = { afterFeedbackVector: 2, sizeUnit: 8 } as const
const REACTION_12 = { preserved: 8, next: 16, reject: 24, fulfill: 32, capability: 40 }
const BYTECODE_12 = { sourcePositions: 24, handlers: 32, constants: 40, frameSize: 48 }
const CODE_12 = {
  deoptimization: 8,
  sourcePositions: 16,
  instructionStart: 40,
  instructionSize: 52,
  flags: 48,
  streamToCode: [8, 16, 24],
}
const COMMON = {
  functionCode: 24,
  slotsAboveRegisters: 2,
  metaMaps: 2,
  script: SCRIPT,
  generator: GENERATOR,
  asyncRequest: { next: 8, promise: 32 },
  promise: { reactionsOrResult: 24, flags: 32 },
  maxInlinedLocals: 75,
} as const

/** 14: INLINED_EXTRA_ARGUMENTS also has the parameter count. */
const TRANSLATION_14 = TRANSLATION_13.with(10, 3)

export const VERSIONS: Readonly<Record<V8Family, VersionTable>> = {
  '11.3': {
    ...COMMON,
    functionCode: 48,
    slotsAboveRegisters: 1,
    metaMaps: 1,
    shared: { data: 8, untrustedData: -1 },
    bytecode: { constants: 16, handlers: 24, sourcePositions: 32, frameSize: 40 },
    code: {
      deoptimization: 16,
      sourcePositions: 24,
      instructionStart: 40,
      flags: 48,
      instructionSize: 56,
      streamToCode: [8, 16, 24],
    },
    reaction: { preserved: -1, next: 8, reject: 16, fulfill: 24, capability: 32 },
    freeSpace: FREE_SPACE,
    positionsInHeader: false,
    page: { heap: [16], end: [32] },
    isolate: { cEntryFp: 384, jsEntry: 416, vmState: 432, heap: 53952, microtaskQueue: 59184 },
    positions: 'signed',
    translation: null,
  },
  '12.4': {
    ...COMMON,
    shared: { data: 8, untrustedData: -1 },
    bytecode: BYTECODE_12,
    code: CODE_12,
    reaction: REACTION_12,
    freeSpace: FREE_SPACE,
    positionsInHeader: false,
    page: { heap: [24], end: [40] },
    isolate: { cEntryFp: 272, jsEntry: 424, vmState: 440, heap: 56992, microtaskQueue: 61872 },
    positions: 'signed',
    translation: null,
  },
  '13.6': {
    ...COMMON,
    shared: { data: 8, untrustedData: 16 },
    bytecode: BYTECODE_12,
    code: { ...CODE_12, flags: 52, instructionSize: 56 },
    reaction: REACTION_12,
    freeSpace: FREE_SPACE_13,
    positionsInHeader: true,
    page: { heap: [8, 64], end: [8, 56] },
    isolate: { cEntryFp: 320, jsEntry: 472, vmState: 488, heap: 61432, microtaskQueue: 65744 },
    positions: 'signed',
    translation: TRANSLATION_13,
  },
  '14.6': {
    ...COMMON,
    shared: { data: 8, untrustedData: 16 },
    bytecode: BYTECODE_12,
    code: { ...CODE_12, flags: 52, instructionSize: 56 },
    reaction: REACTION_12,
    freeSpace: FREE_SPACE_13,
    positionsInHeader: true,
    page: { heap: [8, 64], end: [8, 56] },
    isolate: { cEntryFp: 328, jsEntry: 480, vmState: 496, heap: 62400, microtaskQueue: 66704 },
    positions: 'unsigned',
    translation: TRANSLATION_14,
  },
}
