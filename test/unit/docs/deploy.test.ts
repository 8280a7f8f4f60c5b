/** The files that docs/deploy.md shows: they parse, and name settings and paths that there are. */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { SETTINGS_TABLE } from '../../../src/config/settings-table.js'

const PAGE = readFileSync(path.resolve(__dirname, '../../../docs/deploy.md'), 'utf8')

function block(language: string): string {
  return new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\``, 'm').exec(PAGE)?.[1] ?? ''
}

interface Probe {
  readonly httpGet: { readonly path: string; readonly port: string }
}
interface Deployment {
  readonly spec: {
    readonly template: {
      readonly spec: {
        readonly containers: readonly (Readonly<Record<string, unknown>> & {
          readonly env: readonly { readonly name: string; readonly value?: string }[]
          readonly ports: readonly { readonly name: string; readonly containerPort: number }[]
          readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[]
        })[]
        readonly volumes: readonly { readonly name: string }[]
      }
    }
  }
}

test('the Kubernetes manifest hangs together: port, volume, probes', () => {
  const { spec } = (parse(block('yaml')) as Deployment).spec.template
  const [container] = spec.containers
  if (!container) throw new Error('no container')
  const [port] = container.ports
  const probes = ['livenessProbe', 'readinessProbe', 'startupProbe'].map((name) => (container[name] as Probe).httpGet)
  expect(probes.map((probe) => probe.path)).toEqual(['/livez', '/readyz', '/livez'])
  expect(new Set(probes.map((probe) => probe.port))).toEqual(new Set([port?.name]))
  const value = (name: string): string | undefined => container.env.find((each) => each.name === name)?.value
  expect(value('CONDUCTOR_STALL_PROBES_PORT')).toBe(String(port?.containerPort))
  expect(value('CONDUCTOR_STALL_DIR')).toBe(container.volumeMounts[0]?.mountPath)
  expect(container.volumeMounts[0]?.name).toBe(spec.volumes[0]?.name)
  expect(container['terminationMessagePath']).toBe(
    SETTINGS_TABLE.find(({ key }) => key === 'terminationLog')?.defaultText,
  )
})

test('every setting that the page names is one', () => {
  const known = new Set(SETTINGS_TABLE.map(({ variable }) => variable))
  const named = PAGE.match(/CONDUCTOR_(?:STALL|WORKER)_[A-Z_]+/g) ?? []
  expect(named.filter((name) => !known.has(name))).toEqual([])
  expect(named.length).toBeGreaterThan(5)
})

test("pm2's file is JSON, and the unit has what WatchdogSec takes", () => {
  expect(() => JSON.parse(block('json')) as unknown).not.toThrow()
  expect(block('ini')).toMatch(/^Type=notify$/m)
  expect(block('ini')).toMatch(/^Environment=CONDUCTOR_STALL_SYSTEMD_NOTIFY=true$/m)
})
