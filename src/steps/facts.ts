import type { Decision } from '../base/names.ts'
import type { ExecutionClient } from '../evnode/execution.ts'
import type { Part, Replay } from './gates/prediction.ts'

/** A block as the run remembers it. */
export interface Head {
  readonly height: number
  /** base64 of the block hash. */
  readonly hash: string
}

/** Where a node's execution client stood when it was looked at. */
export interface ClientStand {
  /** Number of its newest block; null when it did not say. */
  readonly height: number | null
  /** Hash of the block it was compared by, hex with 0x; null when it did not give it. */
  readonly hash: string | null
  /** What is wrong with it, one sentence; '' when it holds the chain. */
  readonly why: string
}

/** The same of several nodes, by name. */
export type ClientStands = Readonly<Record<string, ClientStand>>

/** What the last hot pass cost: the window's copy is of the same kind. */
export interface LastPass {
  readonly lastPassBytes: number
  readonly lastPassMs: number
  readonly manifestMs: number
  /** When it ended, ISO. */
  readonly at: string
}

/** Where the execution clients stood at the end of a warm-up. */
export interface WarmedUp {
  /** What a block took while they caught up, with what came in between, the slowest of them, ms; null where they had nothing to catch up. */
  readonly msPerBlock: number | null
  /** Of the client in the middle of them, without what came in between; absent in older journals. */
  readonly usualMsPerBlock?: number | null
  /** Newest block of each peer's client, by node name. */
  readonly heads: Readonly<Record<string, number>>
}

/** What a node replayed to its execution client before it made a block. */
export interface Replayed {
  readonly blocks: number
  readonly tookMs: number
}

/** What copying the data of execution clients came to. */
export interface CopiedClients {
  /** Moved to all of them. */
  readonly bytes: number
  /** Newest block of each client when it was first seen on its copy, by node name. */
  readonly heads: Readonly<Record<string, number>>
}

/** What every step found or did. Plain JSON without secrets: it goes into the journal. */
export interface Facts {
  check: {
    readonly chainId: string
    readonly initialHeight: number
    readonly head: number
    readonly proposerAddress: string
    readonly daAddress: string
    readonly daNamespace: string
    readonly blockTimeMs: number
    /** sha256 over the settings that decide how the node behaves; places, keys and addresses are left out. */
    readonly settingsSha256: string
    readonly binarySha256: string
    readonly genesisSha256: string
    readonly dataBytes: number
    /** Digests of what abort must find unchanged on the source. */
    readonly sourceConfigSha256: string
    readonly sourceUnitSha256: string
    readonly sourceUnitFile: string
    /** Drop-ins of the source's unit as it was found, absolute paths. */
    readonly sourceDropIns: readonly string[]
    /** The service user of the live unit; empty for root. */
    readonly user: string
    /** The passphrase file of the live unit; empty when it names none. */
    readonly passphraseFile: string
    readonly rttMaxMs: number | null
    readonly standIn: boolean
    /** The decision file on the source as it was seen, `absent` where there was none; missing in older journals. */
    readonly decision?: string
    /** The client of the source by the flags of its unit, URLs without a login; absent on a chain without one. */
    readonly execution?: ExecutionClient
  }
  preparePeers: {
    readonly peerIds: Readonly<Record<string, string>>
    readonly configSha256: Readonly<Record<string, string>>
    readonly unitSha256: Readonly<Record<string, string>>
    readonly diff: Readonly<Record<string, readonly string[]>>
    readonly timing: string
  }
  copySigner: { readonly sha256: string; readonly copiedTo: readonly string[] }
  seedData: LastPass & {
    readonly bytes: number
    readonly passes: number
    /** How the execution clients were led to the head; absent on a chain without. */
    readonly warmedUp?: WarmedUp
    /** Absent where the runbook has no client's data copied. */
    readonly copiedClients?: CopiedClients
  }
  smoke: {
    readonly stamp: string
    /** Start of the process to `bootstrapped`, per node. */
    readonly startMs: Readonly<Record<string, number>>
  }
  weighCutover: Weighed & {
    readonly predictedMs: number
    readonly predictedP95Ms: number
    readonly parts: readonly Part[]
    readonly pass: LastPass
    readonly warmedUp?: WarmedUp
  }
  arm: {
    readonly epoch: number
    readonly bootIds: Readonly<Record<string, string>>
    readonly daHeight: number | null
  }
  fence: {
    /** The head when the fence stood. */
    readonly noted: Head
    readonly invocation: string
  }
  stopSource: {
    /** N, the last height of the single sequencer. */
    readonly height: number
    /** Clock of the source, epoch ms: just before the stop and just after the exit. */
    readonly stopAtMs: number
    readonly exitAtMs: number
    /** The head whose hash was read right before the stop: N, or a block below. Absent where none was seen. */
    readonly noted?: Head
    /** The exit by the workstation's clock, to half a round trip. */
    readonly exitHereMs?: number
  }
  finalSync: { readonly bytes: number; readonly files: number }
  proveEqual: {
    readonly equal: readonly string[]
    readonly different: Readonly<Record<string, string>>
    readonly manifestSha256: string
    /** systemd's words when it refused to start the fenced unit. */
    readonly refusal: string
    /** Every execution client against block N of the source's; absent on a chain without them. */
    readonly clients?: ClientStands
    /** What those to be started have to replay to them; absent in older journals too. */
    readonly replay?: Replay
  }
  warmPeers: { readonly warm: readonly string[]; readonly started: Readonly<Record<string, Started>> }
  /** With when the round over all hosts began that it rests on, epoch ms; null in older journals. */
  weighCommit: Weighed & { readonly roundAtMs: number | null }
  decide: { readonly decision: Decision }
  readDecision: { readonly decision: Decision }
  startQuorum: {
    readonly quorum: readonly string[]
    readonly last: string
    /** By the clock of its host, epoch ms; 0 when it was not seen. */
    readonly startedAtMs: number
    /** When the workstation had heard of it, by its own clock. */
    readonly startedHereMs?: number
  }
  startRest: { readonly started: readonly string[] }
  verifyElection: Verified & {
    /** By the first leader's client, while the chain stood still; absent where nothing was. */
    readonly replayed?: Replayed
  }
  soak: Verified & {
    /** The watch has read DA to its head at the end. */
    readonly daChecked: boolean
  }
  weighFinish: Weighed
  finish: { readonly leftBehind: readonly string[] }
  stopWriters: { readonly unreached: readonly string[] }
  killCopies: Record<string, never>
  revokePermits: { readonly unreached: readonly string[] }
  stopRaft: { readonly unreached: readonly string[] }
  /** Peers that did not answer on the way back to its end; absent where an earlier evha went it. */
  disarm: { readonly unreached?: readonly string[] }
  returnDecision: { readonly decision: Decision }
  checkConfigs: Record<string, never>
  unfence: Record<string, never>
  startSource: { readonly heightBefore: number | null }
  seeBlock: { readonly height: number } & ClientsBack
  tidy: { readonly leftBehind: readonly string[] }
  weighRollback: Weighed
  stopAll: { readonly unreached: readonly string[] }
  forbidRaft: { readonly forbidden: readonly string[] }
  rankStores: {
    readonly heights: Readonly<Record<string, number>>
    /** The highest height that may have been signed, by stores, logs, DA and what the run saw. */
    readonly target: number
    readonly best: string
  }
  restoreBest: { readonly from: string; readonly height: number }
  moveRaftDirs: { readonly moved: readonly string[] }
  startSingle: { readonly heightBefore: number }
  seeSingleBlock: { readonly height: number } & ClientsBack
}

/** What became of the execution clients on a way back; both absent on a chain without them. */
export interface ClientsBack {
  readonly clients?: ClientStands
  /** The single sequencer's client was ahead of its store, and the node took it back by itself. */
  readonly takenBack?: { readonly from: number; readonly to: number }
}

/** What a gate shows, and the digest over the fields an approval is bound to. */
export interface Weighed {
  readonly digest: string
  readonly evidence: readonly (readonly [label: string, value: string])[]
}

/** A start of the node, by the clock of its host, and when the workstation had heard of it, by its own. */
export interface Started {
  readonly invocation: string
  readonly startedHereMs?: number
  readonly startedAtMs: number
  /** When `raft node started` was logged. */
  readonly raftStartedAtMs: number
}

/** What the cluster looked like when it was checked. */
export interface Verified {
  readonly leader: string
  readonly voting: readonly string[]
  readonly notVoting: Readonly<Record<string, string>>
  readonly hashContinuity: boolean
  readonly firstClusterHeight: number
  readonly lastBlockTimeMs: number
  readonly firstBlockTimeMs: number
  readonly head: number
  /** The members' execution clients against the first block of the cluster; absent on a chain without them. */
  readonly clients?: ClientStands
}
