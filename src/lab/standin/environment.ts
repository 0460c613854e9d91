/** What the lab tells a stand-in; the real node knows none of it. */
export interface StandinEnvironment {
  /** File that gets a line for each header signed, before the header is told to anybody. */
  readonly signedFile: string | undefined
  /** The documented waits (P2P retry, DA batch) are divided by it. */
  readonly speed: number
  /** Reach and listen to nobody, as in a network of its own. */
  readonly privateNetwork: boolean
  /** Name of the database below `db_path`. */
  readonly db: string
  /** How far this host's clock stands before (+) or behind (-) the true one, milliseconds. */
  readonly clockOffsetMs: number
  /** Names of all variables: some of them spoil a node's configuration (evnode.md B 1.3). */
  readonly names: readonly string[]
}

export function standinEnvironment(env: NodeJS.ProcessEnv): StandinEnvironment {
  const speed = Number(env['EVHA_STANDIN_SPEED'] ?? '1')
  return {
    signedFile: env['EVHA_STANDIN_SIGNED'] || undefined,
    speed: speed >= 1 && speed <= 100 ? speed : 1,
    privateNetwork: env['EVHA_STANDIN_PRIVATE_NETWORK'] === '1',
    db: env['EVHA_STANDIN_DB'] || 'testapp',
    clockOffsetMs: Number(env['EVHA_STANDIN_CLOCK_MS'] ?? '0') || 0,
    names: Object.keys(env),
  }
}
