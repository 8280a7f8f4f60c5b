// What must be said of each client in each wedge: causes of which one is right, the function that waits, words that the
// verdict must have and words that it must not.
//   silent  the peer takes the request and never answers
//   leak    what was taken is not given back: a connection, or a body that nobody reads
//   away    there is no connection, and nothing that would bring one

/** The peer has nothing to do with it: nobody is to be sent there. */
const PEER = /look at what|ask 127/i
const RETURNED = /\blent\b|not read|nobody reads|unread/i
const NOT_THERE = /connect|handshake|SYN|never (?:answered|said)|ready|server selection/i

export const EXPECTED = {
  pg: {
    silent: { cause: ['socket-reply'], where: ['countOrders'], says: /127\.0\.0\.1:\d+/ },
    leak: { cause: ['pool-exhausted'], where: ['reserve'], says: /3 of 3 lent/, never: PEER },
    away: { cause: ['not-connected', 'socket-reply'], where: ['countOrders'], says: NOT_THERE },
  },
  mysql2: {
    silent: { cause: ['socket-reply'], where: ['loadInvoice'], says: /127\.0\.0\.1:\d+/ },
    leak: { cause: ['pool-exhausted'], where: ['lockInvoice'], says: /3 of 3 lent/, never: PEER },
    away: { cause: ['not-connected', 'socket-reply'], where: ['loadInvoice'], says: NOT_THERE },
  },
  mongodb: {
    silent: { cause: ['socket-reply'], where: ['nextParcel'], says: /127\.0\.0\.1:\d+/ },
    leak: { cause: ['pool-exhausted'], where: ['nextParcel'], says: /2 of 2 lent.*reply from 127\.0\.0\.1:\d+/ },
    away: { cause: ['not-connected'], where: ['nextParcel'], says: NOT_THERE },
  },
  mongoose: {
    silent: { cause: ['socket-reply'], where: ['readEntry'], says: /127\.0\.0\.1:\d+/ },
    leak: {
      cause: ['pool-exhausted'],
      where: ['readEntry'],
      says: /1 of 1 lent.*report.*reply from 127\.0\.0\.1:\d+/,
    },
    away: { cause: ['not-connected'], where: ['readEntry'], says: NOT_THERE },
  },
  ioredis: {
    silent: { cause: ['socket-reply'], where: ['readFlag'], says: /127\.0\.0\.1:\d+/ },
    leak: { cause: ['socket-reply'], where: ['readFlag', 'takeJob'], says: /behind blpop of takeJob/ },
    away: { cause: ['not-connected'], where: ['readFlag'], says: NOT_THERE },
  },
  bullmq: {
    silent: { cause: ['socket-reply'], where: ['enqueue'], says: /127\.0\.0\.1:\d+/ },
    leak: {
      cause: ['unknown', 'slots-exhausted', 'lock', 'never-settles', 'event'],
      where: ['sendAll', 'sendMail'],
      never: PEER,
    },
    away: { cause: ['not-connected'], where: ['enqueue'], says: NOT_THERE },
  },
  undici: {
    silent: { cause: ['http-response'], where: ['fetchRates'], says: /GET http:\/\/127\.0\.0\.1:\d+\/rates/ },
    leak: { cause: ['pool-exhausted', 'stream'], where: ['isUp'], says: RETURNED, never: PEER },
    away: { cause: ['not-connected', 'http-response'], where: ['fetchRates'], says: NOT_THERE },
  },
  axios: {
    silent: { cause: ['http-response'], where: ['loadPrice'], says: /GET http:\/\/127\.0\.0\.1:\d+\/prices/ },
    leak: { cause: ['pool-exhausted', 'stream'], where: ['hasReport'], says: RETURNED, never: PEER },
    away: { cause: ['socket-unacknowledged'], where: ['loadPrice'] },
  },
  got: {
    silent: { cause: ['http-response'], where: ['loadStock'], says: /GET http:\/\/127\.0\.0\.1:\d+\/stock/ },
    leak: { cause: ['pool-exhausted', 'stream'], where: ['checkPicture'], says: RETURNED, never: PEER },
    away: { cause: ['not-connected', 'http-response'], where: ['loadStock'], says: NOT_THERE },
  },
  'grpc-js': {
    program: 'grpc.cjs',
    silent: { cause: ['http-response', 'socket-reply'], where: ['greet'] },
    leak: { cause: ['stream'], where: ['listFirst'], says: RETURNED, never: PEER },
    away: { cause: ['not-connected', 'socket-reply', 'http-response'], where: ['greet'], says: NOT_THERE },
  },
  'AWS S3': {
    program: 's3.cjs',
    silent: { cause: ['http-response'], where: ['readNote'], says: /GET http:\/\/127\.0\.0\.1:\d+\/notes/ },
    leak: { cause: ['pool-exhausted', 'stream'], where: ['isThere'], says: RETURNED, never: PEER },
    away: { cause: ['not-connected', 'http-response'], where: ['readNote'], says: NOT_THERE },
  },
  'generic-pool': {
    silent: { cause: ['socket-reply'], where: ['readGauge'], says: /127\.0\.0\.1:\d+/ },
    leak: { cause: ['pool-exhausted'], where: ['resetGauge'], says: /2 of 2 lent/, never: PEER },
    away: { cause: ['not-connected', 'pool-exhausted', 'socket-reply'], where: ['readGauge'] },
  },
  knex: {
    silent: { cause: ['socket-reply'], where: ['countStock'], says: /127\.0\.0\.1:\d+/ },
    leak: { cause: ['pool-exhausted'], where: ['book'], says: /2 of 2 lent/, never: PEER },
    away: { cause: ['not-connected', 'socket-reply'], where: ['countStock'], says: NOT_THERE },
  },
  sequelize: {
    silent: { cause: ['socket-reply'], where: ['countGuests'], says: /127\.0\.0\.1:\d+/ },
    leak: { cause: ['pool-exhausted'], where: ['bookTable'], says: /2 of 2 lent/, never: PEER },
    away: { cause: ['not-connected', 'socket-reply'], where: ['countGuests'], says: NOT_THERE },
  },
  'http.Agent': {
    program: 'http-agent.cjs',
    silent: { cause: ['http-response'], where: ['readFeed'], says: /GET http:\/\/127\.0\.0\.1:\d+\/feed/ },
    leak: { cause: ['pool-exhausted', 'stream'], where: ['checkFeed'], says: RETURNED, never: PEER },
    away: { cause: ['socket-unacknowledged'], where: ['readFeed'] },
  },
}

export const WEDGES = ['silent', 'leak', 'away']
/** A peer that takes 1.5 s for each answer, and a client with nothing to do: nothing may be named. */
export const CONTROLS = ['slow', 'idle']

/** Null when it is right; else what is wrong with it. */
export function faultOf(client, mode, side, first) {
  if (CONTROLS.includes(mode)) {
    if (first === undefined) return null
    if (side === 'inside') return 'a healthy worker left an incident'
    return ['beating', 'idle', 'unknown'].includes(first.kind) || first.confidence === 'low' ? null : 'called stuck'
  }
  if (first === undefined) return 'no verdict'
  const { cause, where, says, never } = EXPECTED[client][mode]
  if (first.kind !== 'awaiting' || !cause.includes(first.cause)) return `not ${cause.join(' or ')}`
  if (first.where === null || !where.includes(first.where.function))
    return `names ${first.where?.function ?? 'no place'}`
  const said = [first.summary, first.nextStep, ...(first.signs ?? [])].join('\n')
  if (says !== undefined && !says.test(said)) return `says nothing of ${says.source}`
  if (never?.test(said) === true) return `says ${never.exec(said)?.[0]}`
  return null
}
