import { replayMsPerBlock } from '../../evnode/execution.ts'
import { type App, databaseOf } from './app.ts'

/** What the lab tells a stand-in; the real node knows none of it. */
export interface StandinEnvironment {
  /** File that gets a line for each header signed, before the header is told to anybody. */
  readonly signedFile: string | undefined
  /** The documented waits (P2P retry, DA batch) are divided by it. */
  readonly speed: number
  /** Reach and listen to nobody, as in a network of its own. */
  readonly privateNetwork: boolean
  /** Which of the node's applications this process plays. */
  readonly app: App
  /** Name of the database below `db_path`. */
  readonly db: string
  /** A block takes so long when it is replayed to an execution client, beside the client's own work. */
  readonly replayMs: number
  /** The same for a full node that follows. None in a fast lab: on a busy machine it would come after blocks of 100 ms for ever. */
  readonly followMs: number
  /** How far this host's clock stands before (+) or behind (-) the true one, milliseconds. */
  readonly clockOffsetMs: number
  /** Names of all variables: some of them spoil a node's configuration (evnode.md B 1.3). */
  readonly names: readonly string[]
}

export function standinEnvironment(env: NodeJS.ProcessEnv, app: App): StandinEnvironment {
  const wished = Number(env['EVHA_STANDIN_SPEED'] ?? '1')
  const speed = wished >= 1 && wished <= 100 ? wished : 1
  return {
    app,
    signedFile: env['EVHA_STANDIN_SIGNED'] || undefined,
    speed,
    privateNetwork: env['EVHA_STANDIN_PRIVATE_NETWORK'] === '1',
    db: env['EVHA_STANDIN_DB'] || databaseOf[app],
    replayMs: Number(env['EVHA_STANDIN_REPLAY_MS'] ?? replayMsPerBlock / speed) || 0,
    followMs: Number(env['EVHA_STANDIN_REPLAY_MS'] ?? (speed > 1 ? 0 : replayMsPerBlock)) || 0,
    clockOffsetMs: Number(env['EVHA_STANDIN_CLOCK_MS'] ?? '0') || 0,
    names: Object.keys(env),
  }
}
