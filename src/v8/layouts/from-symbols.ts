/**
 * A layout out of a binary's `v8dbg_*` symbols (src/objects/*, tools/gen-postmortem-metadata.py) and the version table.
 * A field's name differs by version (`script`, `raw_script`, `script_or_debug_info`); its type is part of the symbol.
 */
import { LAYOUT_SCHEMA } from './layout.js'
import type { V8Family, V8Layout } from './layout.js'
import { VERSIONS } from './versions.js'

export interface LayoutSource {
  /** Values by symbol name, without the `v8dbg_` prefix. */
  readonly symbols: ReadonlyMap<string, number>
  readonly family: V8Family
  readonly v8: string | null
  readonly machine: 'x64' | 'arm64'
  readonly buildId: string | null
  /** The table `interpreter::Bytecodes::kBytecodeSizes`; null when stripped. */
  readonly bytecodeSizes: readonly number[] | null
}

/** All columns of the version table. */
export const FAMILIES = Object.keys(VERSIONS) as readonly V8Family[]

/** Which column of the version table a V8 belongs to; null when none is known to fit. */
export function familyOf(major: number, minor: number): V8Family | null {
  const name = `${major}.${minor}`
  return name in VERSIONS ? (name as V8Family) : null
}

/**
 * Null when the binary does not export what every reader needs, or uses pointer compression (Electron), which moves
 * every offset.
 */
export function layoutFromSymbols(source: LayoutSource): V8Layout | null {
  const { symbols } = source
  const types: Record<string, number> = {}
  const frameTypes: Record<string, number> = {}
  const fields = new Map<string, number>()
  for (const [name, value] of symbols) {
    const type = /^type_\w+?__(\w+)_TYPE$/.exec(name)
    if (type?.[1]) types[type[1]] = value
    const frame = /^frametype_(\w+)$/.exec(name)
    if (frame?.[1]) frameTypes[frame[1]] = value
    const field = /^class_(\w+?)__(\w+?)__/.exec(name)
    if (field) fields.set(`${field[1]}.${field[2]}`, value)
  }
  let complete = true
  const symbol = (name: string): number => {
    const value = symbols.get(name)
    if (value === undefined) complete = false
    return value ?? -1
  }
  const field = (cls: string, names: readonly string[], fallback?: number): number => {
    for (const name of names) {
      const value = fields.get(`${cls}.${name}`)
      if (value !== undefined) return value
    }
    if (fallback === undefined) complete = false
    return fallback ?? -1
  }
  if (symbols.get('TaggedSize') !== 8 || symbols.get('SmiShiftSize') !== 31) return null
  const table = VERSIONS[source.family]
  const jsFunctionType = types['JS_FUNCTION']
  const asyncFunctionType = types['JS_ASYNC_FUNCTION_OBJECT']
  if (jsFunctionType === undefined || asyncFunctionType === undefined) return null
  // Not exported: the generator's own type precedes the async function's (src/objects/js-generator.tq).
  types['JS_GENERATOR_OBJECT'] ??= asyncFunctionType - 1
  const feedbackVectorType = types['FEEDBACK_VECTOR']
  if (feedbackVectorType !== undefined)
    types['FREE_SPACE'] ??= feedbackVectorType + table.freeSpace.afterFeedbackVector
  const baseline = symbol('CodeKindBaseline')
  const layout: V8Layout = {
    schema: LAYOUT_SCHEMA,
    family: source.family,
    v8: source.v8,
    machine: source.machine,
    buildId: source.buildId,
    types,
    frameTypes,
    ranges: {
      // 11.3 lacks the two range symbols; there 15 constructors' types follow JS_FUNCTION_TYPE.
      firstJsFunction: symbols.get('FirstJSFunctionType') ?? jsFunctionType,
      lastJsFunction: symbols.get('LastJSFunctionType') ?? jsFunctionType + 15,
      firstContext: symbol('FirstContextType'),
      lastContext: symbol('LastContextType'),
      firstNonString: symbol('FirstNonstringType'),
      firstApiObject: symbol('APIObjectType'),
      specialApiObject: symbol('SpecialAPIObjectType'),
    },
    frame: {
      context: symbol('off_fp_context'),
      function: symbol('off_fp_function'),
      bytecodeArray: symbol('off_fp_bytecode_array'),
      bytecodeOffset: symbol('off_fp_bytecode_offset'),
      firstRegister: symbol('off_fp_bytecode_offset') - 8 * table.slotsAboveRegisters,
      // src/execution/x64/frame-constants-x64.h, EntryFrameConstants::kNextExitFrameFPOffset: after the marker, the
      // pushed registers and the saved fields. Calibration finds the same.
      nextExit: -64,
      // src/execution/frame-constants.h, BuiltinExitFrameConstants: above the fixed part come new target and target.
      builtinTarget: 24,
    },
    map: {
      sizeInWords: field('Map', ['instance_size_in_words']),
      inObjectStart: field('Map', ['inobject_properties_start_or_constructor_function_index']),
      instanceType: field('Map', ['instance_type']),
      bitField: field('Map', ['bit_field']),
      bitField2: field('Map', ['bit_field2']),
      bitField3: field('Map', ['bit_field3']),
      prototype: field('Map', ['prototype']),
      constructorOrBackPointer: field('Map', ['constructor_or_back_pointer']),
      descriptors: field('Map', ['instance_descriptors']),
      metaMaps: table.metaMaps,
    },
    jsFunction: {
      shared: field('JSFunction', ['shared']),
      context: field('JSFunction', ['context']),
      code: field('JSFunction', ['code'], table.functionCode),
    },
    shared: {
      ...table.shared,
      nameOrScopeInfo: field('SharedFunctionInfo', ['name_or_scope_info']),
      script: field('SharedFunctionInfo', ['raw_script', 'script', 'script_or_debug_info']),
      flags: field('SharedFunctionInfo', ['flags']),
      functionTokenOffset: field('SharedFunctionInfo', ['raw_function_token_offset']),
      formalParameterCount: field('SharedFunctionInfo', ['internal_formal_parameter_count']),
    },
    script: {
      ...table.script,
      source: field('Script', ['source']),
      name: field('Script', ['name']),
      lineEnds: field('Script', ['line_ends']),
      evalFromShared: field('Script', ['eval_from_shared_or_wrapped_arguments']),
      evalFromPosition: field('Script', ['eval_from_position']),
    },
    string: { length: field('String', ['length']), chars: field('SeqOneByteString', ['chars']) },
    uncompiled: {
      inferredName: field('UncompiledData', ['inferred_name']),
      start: field('UncompiledData', ['start_position']),
      end: field('UncompiledData', ['end_position']),
    },
    array: { length: field('FixedArrayBase', ['length']), data: field('FixedArray', ['data']) },
    freeSpace: { sizeUnit: table.freeSpace.sizeUnit },
    bytecode: {
      ...table.bytecode,
      length: field('BytecodeArray', ['length'], 8),
      data: field('BytecodeArray', ['data']),
    },
    code: {
      ...table.code,
      kindMask: symbol('CodeKindFieldMask'),
      kindInterpreted: symbol('CodeKindInterpretedFunction'),
      kindBaseline: baseline,
    },
    deoptimization: {
      literals: symbol('DeoptimizationDataLiteralArrayIndex'),
      inliningPositions: symbol('DeoptimizationDataInliningPositionsIndex'),
      shared:
        symbols.get('DeoptimizationDataWrappedSharedFunctionInfoIndex') ??
        symbol('DeoptimizationDataSharedFunctionInfoIndex'),
    },
    generator: table.generator,
    asyncRequest: table.asyncRequest,
    promise: table.promise,
    reaction: table.reaction,
    // src/objects/promise.tq: promise, resolve, reject.
    capability: { promise: 8, resolve: 16, reject: 24 },
    context: {
      length: 8,
      slots: 16,
      scopeInfoIndex: symbol('context_idx_scope_info'),
      previousIndex: symbol('context_idx_prev'),
      extensionIndex: 2,
    },
    scopeInfo: {
      firstVars: symbol('scopeinfo_idx_first_vars'),
      positionsInHeader: table.positionsInHeader,
      maxInlinedLocals: table.maxInlinedLocals,
    },
    descriptors: { header: field('DescriptorArray', ['header_size']) },
    dictionaryStart: symbol('namedictionary_prefix_start_index') + symbol('namedictionaryshape_prefix_size'),
    page: table.page,
    isolate: table.isolate,
    positions: table.positions,
    translation: table.translation,
    bytecodeSizes: source.bytecodeSizes,
  }
  return complete ? layout : null
}
