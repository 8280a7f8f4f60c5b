/**
 * Where one build of V8 keeps what we read: plain data, JSON in the shipped tables and in the cache.
 *
 * Offsets are bytes from the untagged start of an object (the tagged pointer less 1), unless said otherwise. `-1`
 * stands for "this build has no such field". Only `layouts/` knows V8 versions; everybody else asks here.
 */

/** One version of this file's shape; a cached or shipped table of another is discarded. */
export const LAYOUT_SCHEMA = 3

/** Instance types that the engines ask for by name. A build that lacks one has `NO_TYPE`, which no object has. */
export const NO_TYPE = -2
export const INSTANCE_TYPES = [
  'ACCESSOR_PAIR',
  'ARRAY_LIST',
  'ASYNC_GENERATOR_REQUEST',
  'BYTECODE_ARRAY',
  'BYTE_ARRAY',
  'CALL_HANDLER_INFO',
  'CELL',
  'CLOSURE_FEEDBACK_CELL_ARRAY',
  'CODE',
  'CONTEXT_CELL',
  'DEBUG_INFO',
  'DESCRIPTOR_ARRAY',
  'EMBEDDER_DATA_ARRAY',
  'EXTERNAL_POINTER_ARRAY',
  'FEEDBACK_CELL',
  'FEEDBACK_VECTOR',
  'FIXED_ARRAY',
  'FIXED_DOUBLE_ARRAY',
  'FOREIGN',
  'FREE_SPACE',
  'FUNCTION_TEMPLATE_INFO',
  'HEAP_NUMBER',
  'INSTRUCTION_STREAM',
  'INTERPRETER_DATA',
  'JS_API_OBJECT',
  'JS_ARRAY',
  'JS_ARRAY_BUFFER',
  'JS_ASYNC_FUNCTION_OBJECT',
  'JS_ASYNC_GENERATOR_OBJECT',
  'JS_BOUND_FUNCTION',
  'JS_ERROR',
  'JS_FUNCTION',
  'JS_GENERATOR_OBJECT',
  'JS_GLOBAL_OBJECT',
  'JS_GLOBAL_PROXY',
  'JS_MAP',
  'JS_MODULE_NAMESPACE',
  'JS_OBJECT',
  'JS_PROMISE',
  'JS_PROXY',
  'JS_REG_EXP',
  'JS_SET',
  'JS_SPECIAL_API_OBJECT',
  'JS_TYPED_ARRAY',
  'JS_WEAK_MAP',
  'JS_WEAK_REF',
  'JS_WEAK_SET',
  'MAP',
  'MODULE_REQUEST',
  'OBJECT_BOILERPLATE_DESCRIPTION',
  'ODDBALL',
  'PREPARSE_DATA',
  'PROMISE_CAPABILITY',
  'PROMISE_FULFILL_REACTION_JOB_TASK',
  'PROMISE_REACTION',
  'PROMISE_REJECT_REACTION_JOB_TASK',
  'PROMISE_RESOLVE_THENABLE_JOB_TASK',
  'PROPERTY_ARRAY',
  'PROPERTY_CELL',
  'PROTECTED_FIXED_ARRAY',
  'PROTOTYPE_INFO',
  'SCOPE_INFO',
  'SCRIPT',
  'SCRIPT_CONTEXT_TABLE',
  'SHARED_FUNCTION_INFO',
  'SHARED_FUNCTION_INFO_WRAPPER',
  'SOURCE_TEXT_MODULE',
  'STRONG_DESCRIPTOR_ARRAY',
  'SYMBOL',
  'TRUSTED_BYTE_ARRAY',
  'TRUSTED_FIXED_ARRAY',
  'TUPLE2',
  'UNCOMPILED_DATA_WITHOUT_PREPARSE_DATA',
  'UNCOMPILED_DATA_WITHOUT_PREPARSE_DATA_WITH_JOB',
  'UNCOMPILED_DATA_WITH_PREPARSE_DATA',
  'UNCOMPILED_DATA_WITH_PREPARSE_DATA_AND_JOB',
  'WEAK_ARRAY_LIST',
  'WEAK_CELL',
  'WEAK_FIXED_ARRAY',
] as const
export type InstanceType = (typeof INSTANCE_TYPES)[number]

/** `V8 11.3` and so on: which column of the version table applies. */
export type V8Family = '11.3' | '12.4' | '13.6' | '14.6'

/** How source position tables are encoded. `signed`: two zigzag numbers; `unsigned`: code delta times 4, then zigzag. */
export type PositionEncoding = 'signed' | 'unsigned'

export interface V8Layout {
  readonly schema: number
  readonly family: V8Family
  /** `12.4.254.21-node.57`; null when the binary does not say. */
  readonly v8: string | null
  readonly machine: 'x64' | 'arm64'
  readonly buildId: string | null
  /** Instance types by name, less `_TYPE`. All that the binary exports: more than `INSTANCE_TYPES`. */
  readonly types: Readonly<Record<string, number>>
  /** Frame types by name: `EntryFrame`, `ExitFrame`, ... */
  readonly frameTypes: Readonly<Record<string, number>>
  readonly ranges: {
    readonly firstJsFunction: number
    readonly lastJsFunction: number
    readonly firstContext: number
    readonly lastContext: number
    readonly firstNonString: number
    /** JS_API_OBJECT and what embedders make of it lie in [firstApiObject, JS_OBJECT]... */
    readonly firstApiObject: number
    readonly specialApiObject: number
  }
  /** From the frame pointer. */
  readonly frame: {
    readonly context: number
    readonly function: number
    readonly bytecodeArray: number
    readonly bytecodeOffset: number
    /** An interpreted frame's register 0; the others lie below it. */
    readonly firstRegister: number
    /** In an entry frame: where the next exit frame's pointer was saved. */
    readonly nextExit: number
    /** In a builtin's exit frame: the JSFunction that was called. */
    readonly builtinTarget: number
  }
  readonly map: {
    readonly sizeInWords: number
    readonly inObjectStart: number
    readonly instanceType: number
    readonly bitField: number
    readonly bitField2: number
    readonly bitField3: number
    readonly prototype: number
    readonly constructorOrBackPointer: number
    readonly descriptors: number
    /** Maps that are their own map and that every process has: the read-only heap's, and the main realm's where it has one. */
    readonly metaMaps: number
  }
  readonly jsFunction: { readonly shared: number; readonly context: number; readonly code: number }
  readonly shared: {
    readonly data: number
    /** Where the untrusted half of the data lies when there are two; -1 when there is one. */
    readonly untrustedData: number
    readonly nameOrScopeInfo: number
    readonly script: number
    readonly flags: number
    readonly functionTokenOffset: number
    readonly formalParameterCount: number
  }
  readonly script: {
    readonly source: number
    readonly name: number
    readonly lineOffset: number
    readonly columnOffset: number
    readonly type: number
    readonly lineEnds: number
    readonly id: number
    readonly evalFromShared: number
    readonly evalFromPosition: number
    readonly sourceUrl: number
    readonly sourceMappingUrl: number
  }
  readonly string: { readonly length: number; readonly chars: number }
  readonly uncompiled: { readonly inferredName: number; readonly start: number; readonly end: number }
  /** Length of every FixedArray-like object, and its first element. */
  readonly array: { readonly length: number; readonly data: number }
  /** Bytes that one unit of a FreeSpace's size stands for. */
  readonly freeSpace: { readonly sizeUnit: 1 | 8 }
  readonly bytecode: {
    readonly length: number
    readonly data: number
    readonly sourcePositions: number
    readonly constants: number
    readonly handlers: number
    readonly frameSize: number
  }
  readonly code: {
    readonly deoptimization: number
    readonly sourcePositions: number
    readonly instructionStart: number
    readonly instructionSize: number
    readonly flags: number
    readonly kindMask: number
    readonly kindInterpreted: number
    readonly kindBaseline: number
    /** In an InstructionStream: fields that may hold its Code. */
    readonly streamToCode: readonly number[]
  }
  readonly deoptimization: { readonly literals: number; readonly inliningPositions: number; readonly shared: number }
  readonly generator: {
    readonly function: number
    readonly context: number
    readonly receiver: number
    readonly inputOrPosition: number
    readonly resumeMode: number
    readonly continuation: number
    readonly registers: number
    /** Async functions. */
    readonly promise: number
    /** Async generators. */
    readonly queue: number
  }
  readonly asyncRequest: { readonly next: number; readonly promise: number }
  readonly promise: { readonly reactionsOrResult: number; readonly flags: number }
  readonly reaction: {
    readonly next: number
    readonly reject: number
    readonly fulfill: number
    readonly capability: number
    /** Continuation-preserved embedder data (AsyncLocalStorage); -1 in 11.3. */
    readonly preserved: number
  }
  readonly capability: { readonly promise: number; readonly resolve: number; readonly reject: number }
  readonly context: {
    readonly length: number
    readonly slots: number
    readonly scopeInfoIndex: number
    readonly previousIndex: number
    readonly extensionIndex: number
  }
  readonly scopeInfo: {
    /** Index of the first variable part, in words after the map. */
    readonly firstVars: number
    /** Start and end position lie in the header (13.6 on), before the variable part. */
    readonly positionsInHeader: boolean
    /** More locals than this are kept in a hash table instead of inlined names. */
    readonly maxInlinedLocals: number
  }
  readonly descriptors: { readonly header: number }
  /** Index of the first entry in a name dictionary's element array. */
  readonly dictionaryStart: number
  /** 256 KiB-aligned heap pages: paths of words from the page's start. */
  readonly page: { readonly heap: readonly number[]; readonly end: readonly number[] }
  /** From the isolate's address. */
  readonly isolate: {
    /** Frame pointer of the innermost exit frame; 0 while JavaScript itself runs, or none is on the stack. */
    readonly cEntryFp: number
    /** Frame pointer of the outermost entry frame; 0 while no JavaScript is on the stack. */
    readonly jsEntry: number
    /** One 16-bit word: JS 0, GC 1, PARSER 2, BYTECODE 3, COMPILER 4, OTHER 5, EXTERNAL 6, ATOMICS_WAIT 7, IDLE 8. */
    readonly vmState: number
    readonly heap: number
    readonly microtaskQueue: number
  }
  readonly positions: PositionEncoding
  /**
   * Operand counts of the frame translation's opcodes, as Maglev's deoptimization data has them; null where there is
   * no Maglev (the official builds of 20 and 22).
   */
  readonly translation: readonly number[] | null
  /** Bytes of each bytecode by operand scale: 3 tables one after the other; null when the binary lacks the symbol. */
  readonly bytecodeSizes: readonly number[] | null
}
