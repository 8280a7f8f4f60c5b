/** DNS: look-ups of the thread pool (lib/dns.js) and queries of c-ares. */
import type { Family } from './family.js'

export const lookups: Family = {
  nativeKind: 'dns',
  natives: ['GetAddrInfoReqWrap', 'GetNameInfoReqWrap', 'QueryReqWrap', 'ChannelWrap'],
  describe: () => null,
  describeNative(object) {
    const host = object.text('hostname')
    return { kind: 'dns', ...(host === null ? {} : { host }) }
  },
}
