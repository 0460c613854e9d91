/** An option of a client's command line that takes a value. */
export const flag = (value: string) => ({ type: 'string' as const, default: value })

/** Those of ev-reth that a lab's clients are started with; whatever stands in its place takes the same. */
export const clientOptions = {
  datadir: flag(''),
  chain: flag(''),
  http: { type: 'boolean' },
  'http.addr': flag('127.0.0.1'),
  'http.port': flag('8545'),
  'authrpc.addr': flag('127.0.0.1'),
  'authrpc.port': flag('8551'),
  'authrpc.jwtsecret': flag(''),
} as const
