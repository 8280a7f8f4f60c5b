// Programs whose stacks are known. `callers`: who may stand right below whom on the stack. `inlined`: functions that an
// optimised caller swallows, with the caller; a profile of machine frames names that caller instead.
export const TRUTHS = {
  inlined: {
    what: 'a hot loop with all its calls inlined, beside dead frames of earlier calls',
    callers: {
      digest: ['prepare'],
      prepare: ['main'],
      small: ['middle', 'loop'],
      middle: ['loop'],
      loop: ['main'],
      main: [],
    },
    inlined: { small: 'loop', middle: 'loop' },
  },
  replaced: {
    what: 'loops that are optimised while they run (on-stack replacement)',
    callers: { setUp: ['main'], fill: ['setUp'], spin: ['main'], mix: ['spin'], main: [] },
    inlined: { mix: 'spin' },
  },
  recursion: {
    what: 'deep and wide recursion',
    callers: { fib: ['fib', 'main'], depth: ['depth', 'main'], main: [] },
    inlined: {},
  },
  generators: {
    what: 'generators that drive generators',
    callers: {
      inner: ['outer', 'next'],
      outer: ['drain', 'next'],
      next: ['outer', 'drain'],
      drain: ['main'],
      work: ['inner'],
      main: [],
    },
    inlined: { work: 'inner' },
  },
  builtins: {
    what: 'builtins that call back',
    callers: {
      compare: ['sort', 'sorting'],
      sort: ['sorting'],
      sorting: ['main'],
      each: ['map', 'mapping'],
      map: ['mapping'],
      mapping: ['main'],
      replacer: ['replace', 'replacing'],
      replace: ['replacing'],
      replacing: ['main'],
      revive: ['parse', 'parsing'],
      parse: ['parsing'],
      parsing: ['main'],
      burn: ['each', 'revive', 'replacer'],
      main: [],
    },
    inlined: { burn: '', parse: '', sort: '', map: '', replace: '' },
  },
  mixed: {
    what: 'computing, sleeping and timers in turn',
    callers: { compute: ['turn'], step: ['compute'], rest: ['turn'], turn: [] },
    inlined: { step: 'compute' },
  },
}
