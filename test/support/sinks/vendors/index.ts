/** Contract servers, one file a vendor: what the documents of each demand, each rule with its page. */
import { azuredevops } from './azuredevops.js'
import { github } from './github.js'
import { gitlab } from './gitlab.js'
import { jira } from './jira.js'
import { pagerdutyIncident } from './pagerduty-incident.js'
import { pagerduty } from './pagerduty.js'
import { redmine } from './redmine.js'
import { rt } from './rt.js'
import { sentry } from './sentry.js'
import { servicenow } from './servicenow.js'
import { slack } from './slack.js'
import type { Vendor } from './vendor.js'
import { ContractServer } from '../contract-server.js'

export type { Vendor } from './vendor.js'

/** By the name of the destination: systems that keep tickets. */
export const TICKET_VENDORS = {
  rt,
  redmine,
  jira,
  github,
  gitlab,
  slack,
  servicenow,
  azuredevops,
  'pagerduty-incident': pagerdutyIncident,
} as const satisfies Record<string, () => Vendor>

/** And those that are told once. */
export const VENDORS = { ...TICKET_VENDORS, pagerduty, sentry } as const satisfies Record<string, () => Vendor>

export type VendorName = keyof typeof VENDORS

export const TICKET_NAMES = Object.keys(TICKET_VENDORS) as (keyof typeof TICKET_VENDORS)[]
export const VENDOR_NAMES = Object.keys(VENDORS) as VendorName[]

export interface RunningVendor {
  readonly vendor: Vendor
  readonly server: ContractServer
  /** As the environment has them, the address among them. */
  readonly settings: Readonly<Record<string, string>>
}

export async function startVendor(name: VendorName): Promise<RunningVendor> {
  const vendor = VENDORS[name]()
  let base = ''
  const server = await ContractServer.start(vendor.handler(() => base))
  base = server.url
  const values = { ...vendor.env, [vendor.url]: vendor.address(base) }
  const named = Object.entries(values).map(([key, value]) => [`CONDUCTOR_STALL_SINK_${key}`, value])
  return { vendor, server, settings: Object.fromEntries(named) as Record<string, string> }
}
