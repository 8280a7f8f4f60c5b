// The rules of the house in one table: every room of src/, lowest floor first, and what each thread may load.
// `.oxlintrc.json` is made from it (`npm run lint:rules`); docs/internals/architecture.md and the tests read it too.

/** A room imports from lower floors only; rooms of one floor do not import each other. */
export const FLOORS = [
  [{ room: 'model', job: 'plain types of the domain, one file a concept; imports nothing' }],
  [
    { room: 'config', job: 'the one table of settings, and reading them' },
    { room: 'log', job: 'the logger that never blocks' },
    { room: 'redact', job: 'takes secrets out of text, URLs, environments and values' },
  ],
  [
    {
      room: 'platform',
      job: 'ways to look at a process, unaware of JavaScript: `procfs/`, `memory/`, `elf/`, `control/`',
    },
  ],
  [
    {
      room: 'resources',
      job: 'the catalogue of Node’s objects that the world outside can wake: one file a family, read from memory and from heap snapshots',
    },
  ],
  [{ room: 'source', job: "a script's text: lines, excerpts, source maps, whose code it is" }],
  [
    {
      room: 'native',
      job: 'libuv, libc and C++ over a memory reader: loops, thread pool, thread control blocks, native frames',
    },
  ],
  [
    {
      room: 'v8',
      job: 'what V8 is, over a memory reader: layouts, heap, objects, figures, stacks. `layouts/` alone knows versions',
    },
    {
      room: 'inspector',
      job: 'the inspector as a way in: `connection/`, `stack/` (pauses, samples), `heap/` (snapshots in bounded memory)',
    },
  ],
  [
    {
      room: 'awaits',
      job: 'what suspended functions wait for: scan, search, judge',
    },
  ],
  [{ room: 'retained', job: 'what keeps the memory of a heap: its largest tables, and who holds them' }],
  [{ room: 'heartbeat', job: 'the shared clocks that poll loops beat' }],
  [{ room: 'integrations', job: 'one file a library: turns its poll loop into heartbeats' }],
  [{ room: 'watch', job: 'pure: clocks in, stalls out' }],
  [
    {
      room: 'report',
      job: 'evidence as text: waits, screens, pages, letters. Only the sentences of verdicts are elsewhere: in `diagnose/`',
    },
  ],
  [
    {
      room: 'capture',
      job: 'one small file a capturer, each calling one of the rooms below that can read (v8, native, awaits, inspector)',
    },
    { room: 'evidence', job: 'pure: outcomes joined into one Evidence' },
    { room: 'diagnose', job: 'pure: Evidence in, ranked verdicts out; one file a rule' },
    {
      room: 'incident',
      job: 'the folder on disk that an incident leaves: crash-safe writer, reader, retention, tombstones',
    },
    { room: 'profile', job: 'pure: stack samples and profiles in the formats of other tools' },
  ],
  [
    {
      room: 'export',
      job: 'a bundle or a profile in the form that something else opens: archive, page, report; may load packages',
    },
  ],
  [{ room: 'sinks', job: 'where bundles are delivered: one file a destination, and the outbox' }],
  [
    {
      room: 'investigate',
      job: 'puts a look, its evidence, the verdict and the bundle together, for the agent and for the command line alike',
    },
  ],
  [
    { room: 'agent', job: 'the in-process product, one folder a thread: main, watch, capture, and the short ones' },
    { room: 'supervise', job: '`conductor-diag run`' },
  ],
  [{ room: 'cli', job: 'one file a command: parse, call, print, exit code', mayNotImport: ['agent'] }],
]

/** Rooms that run in processes of their own, where libuv's thread pool is theirs to use. */
export const OWN_PROCESS = ['export', 'sinks', 'supervise', 'cli']

/** What reads a process or serves a command: no thread that stays in the worker loads any of it. */
const READERS_AND_COMMANDS = [
  'capture',
  'resources',
  'native',
  'v8',
  'awaits',
  'retained',
  'inspector',
  'investigate',
  'export',
  'sinks',
  'supervise',
  'cli',
]

/**
 * What the threads inside a worker may load, types aside, however many imports away: `packages` by name, node's own
 * modules all but `not`, and no file of the rooms in `noRooms`.
 */
export const THREADS = [
  {
    thread: 'main',
    entries: ['index.ts', 'register.ts', 'api.ts'],
    packages: [],
    not: ['node:inspector', 'node:fs/promises'],
    noRooms: READERS_AND_COMMANDS,
  },
  {
    thread: 'watch',
    entries: ['agent/watch-thread/watch-thread.ts'],
    packages: [],
    not: ['node:inspector', 'node:fs/promises', 'node:dns', 'node:dns/promises'],
    noRooms: READERS_AND_COMMANDS,
  },
  {
    thread: 'probes',
    entries: ['agent/probes-thread/probes-thread.ts'],
    packages: [],
    not: ['node:inspector', 'node:fs', 'node:fs/promises', 'node:dns', 'node:dns/promises'],
    noRooms: [...READERS_AND_COMMANDS, 'incident'],
  },
  {
    thread: 'capture',
    entries: ['agent/capture-thread/capture-thread.ts'],
    packages: ['ulid', 'undici'],
    not: ['node:fs/promises', 'node:dns', 'node:dns/promises'],
    noRooms: ['export', 'supervise', 'cli'],
  },
]

/** Every room in one line, lowest first: for docs/internals/architecture.md. */
export function roomsAsMarkdown() {
  // The upper floors first: what a room imports stands below it.
  const rows = FLOORS.toReversed()
    .flat()
    .map(({ room, job }) => `| \`${room}/\` | ${job} |`)
  return ['| room | its one job |', '|---|---|', ...rows].join('\n')
}
