import type { Logger } from '../logger.ts'
import type { Voter } from './membership.ts'
import type { RaftDir } from './raft-dir.ts'
import type { Entry, Snapshot } from './raft-log.ts'
import type { RaftTiming } from './raft-settings.ts'

export interface RaftOptions {
  readonly self: Voter
  readonly timing: RaftTiming
  readonly dir: RaftDir
  readonly snapshotThreshold: number
  readonly trailingLogs: number
  /** Reach and hear nobody. */
  readonly isolated: boolean
  readonly speed: number
  readonly logger: Logger
}

/** What happens in the cluster, told to the node above. */
export interface RaftEvents {
  /** This node leads, or no longer does. */
  onLeading(leading: boolean): void
  /** Committed, in order, each once a process. */
  onCommitted(entry: Entry): void
  /** A leader's snapshot took the place of entries. */
  onSnapshot(snapshot: Snapshot): void
}
