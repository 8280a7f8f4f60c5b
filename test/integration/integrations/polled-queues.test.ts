/** Workers of sqs-consumer and pg-boss: what their clocks say while they are well, and while they are not. */
import { execFileSync } from 'node:child_process'
import path from 'node:path'
import { describe, expect, test, type TestContext } from 'vitest'
import { NODES, PROJECT_ROOT, type NodeBinary } from '../../support/nodes.js'
import { HAS_POSTGRES, startPostgres } from '../../support/postgres.js'
import { SdkWorker } from '../../support/sdk-worker.js'
import { startSqsServer } from '../../support/sqs-server.js'

const FOLDER = path.join(PROJECT_ROOT, 'test/queues')

interface Service {
  readonly url: string
  add(count: number): void
  fallSilent(): void
  stop(): Promise<void>
}

async function openPostgres(node: NodeBinary): Promise<Service> {
  const postgres = await startPostgres()
  return {
    ...postgres,
    add: (count) =>
      void execFileSync(node.path, [path.join(FOLDER, 'add.cjs'), 'pg-boss', postgres.url, String(count)]),
    fallSilent: () => postgres.signal('SIGSTOP'),
  }
}

interface Library {
  readonly library: string
  readonly name: string
  readonly node: NodeBinary | undefined
  readonly skip: boolean
  readonly open: (node: NodeBinary) => Promise<Service>
}

const LIBRARIES: Library[] = [
  { library: 'sqs-consumer', name: 'sqs:invoices', node: NODES.at(-1), skip: false, open: () => startSqsServer() },
  { library: 'pg-boss', name: 'pg-boss:invoices', node: NODES.at(0), skip: !HAS_POSTGRES, open: openPostgres },
]

for (const { library, name, node, skip, open } of LIBRARIES) {
  describe.skipIf(skip || node === undefined).concurrent(`${library}, Node ${node?.major}`, () => {
    const begin = async (
      { onTestFinished }: TestContext,
      what: string,
    ): Promise<{ worker: SdkWorker; service: Service }> => {
      if (node === undefined) throw new Error('no Node')
      const service = await open(node)
      onTestFinished(() => service.stop())
      const worker = new SdkWorker(node, {
        kind: 'cjs',
        url: '',
        file: path.join(FOLDER, 'worker.cjs'),
        args: [library, service.url, what],
      })
      onTestFinished(() => worker.end())
      await worker.until('a clock', () => (worker.clock(name)?.beats ?? 0) > 0, 60_000)
      return { worker, service }
    }

    test('beats, works, and is silent past its declared wait when nothing answers any more', async (context) => {
      const { worker, service } = await begin(context, 'ok')
      service.add(3)
      await worker.until('three jobs done', () => (worker.clock(name)?.beats ?? 0) > 6, 60_000)
      // Between two jobs it is idle too: three of its intervals long it is only when no job is left.
      let idleSince: number | null = null
      await worker.until('idle for a while', () => {
        const isIdle = worker.clock(name)?.slotsInUse === 0 && worker.last?.tasks.length === 0
        idleSince = isIdle ? (idleSince ?? performance.now()) : null
        return idleSince !== null && performance.now() - idleSince > 1500
      })
      expect(worker.clock(name)).toMatchObject({ failuresInRow: 0, slots: 1, ended: false })
      service.fallSilent()
      await worker.until(
        'in flight past its declared wait',
        () => (worker.clock(name)?.inFlightMs ?? 0) > 3000 && worker.clock(name)?.expectedWaitMs === 0,
        60_000,
      )
      expect(worker.last?.hookFailures).toBeNull()
    }, 200_000)

    test('keeps a job that never settles in its slot, and beats for it', async (context) => {
      const { worker, service } = await begin(context, 'never')
      service.add(1)
      await worker.until('a job in flight for a while', () => (worker.clock(name)?.oldestTaskMs ?? 0) > 2500, 60_000)
      expect(worker.clock(name)).toMatchObject({ slotsInUse: 1, slots: 1 })
      const beats = worker.clock(name)?.beats ?? 0
      await worker.until('beats of our own timer', () => (worker.clock(name)?.beats ?? 0) > beats + 2, 60_000)
      expect(worker.last?.tasks).toHaveLength(1)
      expect(worker.last?.hookFailures).toBeNull()
    }, 200_000)
  })
}
