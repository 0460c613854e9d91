import type { NodeConfig } from './config.ts'

/** Something in the sequencer's configuration that a cluster can not live with, or that the operator must know. */
export interface ConfigProblem {
  /** False: only to be told. */
  readonly blocks: boolean
  readonly problem: string
  readonly why: string
  readonly cure: string
}

type Rule = readonly [holds: (config: NodeConfig) => boolean, problem: Omit<ConfigProblem, 'blocks'>]

const then = 'in evnode.yaml of the sequencer and restart it once'

/** Sources: evnode.md B 1.1, B 1.2, B 8 and, for the KMS, B 9. */
const blockers: readonly Rule[] = [
  [
    ({ raft }) => raft.enable,
    {
      problem: 'raft.enable is already true',
      why: 'this node is a cluster member, not a single sequencer',
      cure: 'take the node that signs alone as source of the runbook',
    },
  ],
  [
    ({ aggregator }) => !aggregator,
    {
      problem: 'node.aggregator is not true',
      why: 'only a sequencer may run in Raft mode: the node exits with "raft config must be used in sequencer setup only"',
      cure: `set node.aggregator: true ${then}, or take the sequencer as source`,
    },
  ],
  [
    ({ catchupTimeoutMs }) => catchupTimeoutMs > 0,
    {
      problem: 'node.catchup_timeout is set',
      why: 'catch-up and Raft exclude each other: the node refuses to start with both',
      cure: `set node.catchup_timeout: 0s ${then}, and take the flag out of its command line`,
    },
  ],
  [
    ({ promotable }) => promotable,
    {
      problem: 'node.promotable is true',
      why: 'promotable mode can not be combined with Raft',
      cure: `set node.promotable: false ${then}`,
    },
  ],
  [
    ({ basedSequencer }) => basedSequencer,
    {
      problem: 'node.based_sequencer is true',
      why: 'a based sequencer takes its order from DA and needs no cluster',
      cure: 'do not migrate this chain',
    },
  ],
  [
    ({ light }) => light,
    {
      problem: 'node.light is true',
      why: 'a light node does not sign blocks',
      cure: 'take the node that signs as source of the runbook',
    },
  ],
  [
    ({ daAddress }) => daAddress === '',
    {
      problem: 'da.address is absent',
      why: 'the node exits with "DA address is required when aggregator or promotable mode is enabled"',
      cure: `set da.address ${then}`,
    },
  ],
  [
    ({ daNamespace }) => daNamespace === '',
    {
      problem: 'da.namespace is absent',
      why: 'without it every start of every node picks another random namespace, and the chain scatters over DA',
      cure: `set da.namespace to the one the chain writes to ${then}`,
    },
  ],
  [
    ({ signerType }) => signerType === 'kms',
    {
      problem: 'the key lies in a KMS (signer.signer_type: kms)',
      why: 'there is no signer.json to copy: every host must reach the key by itself, and a node finds out that it may not sign only when it leads; the trial start has no network to show that',
      cure: 'this version migrates file signers only. By hand, prove on every host: credentials, region and network reach the KMS; GetPublicKey and Sign are permitted; the key is Ed25519 and its address is the proposer; key_id is the full ARN',
    },
  ],
  [
    ({ signerType }) => signerType !== 'file' && signerType !== 'kms',
    {
      problem: 'signer.signer_type is neither file nor kms',
      why: 'the node knows no other signer',
      cure: `set signer.signer_type: file ${then}`,
    },
  ],
  [
    ({ blockTimeMs }) => !(blockTimeMs > 0),
    {
      problem: 'node.block_time is no duration',
      why: 'every wait of the migration is counted in block times',
      cure: `write node.block_time as 1s or 100ms ${then}`,
    },
  ],
]

const warnings: readonly Rule[] = [
  [
    ({ daNamespace }) => /^[0-9A-Za-z]{10}$/.test(daNamespace),
    {
      problem: 'da.namespace looks like one picked at random by the node',
      why: 'it is fine if the running node writes there; evha compares the two',
      cure: 'nothing, unless the comparison fails',
    },
  ],
  [
    ({ lazyMode }) => lazyMode,
    {
      problem: 'node.lazy_mode is true',
      why: 'without a transaction the first cluster block comes only after node.lazy_block_interval',
      cure: 'give the window a budget above that interval, or send a transaction after the start',
    },
  ],
  [
    ({ maxPending }) => maxPending > 0,
    {
      problem: 'node.max_pending_headers_and_data is set',
      why: 'a backlog on DA at that limit pauses block production on the new leader',
      cure: 'wait until DA has taken the backlog before the cutover',
    },
  ],
  [
    ({ forcedInclusionNamespace }) => forcedInclusionNamespace !== '',
    {
      problem: 'da.forced_inclusion_namespace is set',
      why: 'each node keeps its own place in that namespace: a new leader may first catch up and take only forced transactions',
      cure: 'expect it after a change of leader',
    },
  ],
  [
    ({ pruningMode }) => pruningMode !== 'disabled',
    {
      problem: 'pruning is on',
      why: 'hashes of old blocks can not be compared',
      cure: 'nothing: the last blocks are what counts',
    },
  ],
]

/** What is wrong with the configuration of a sequencer that shall become a cluster, blockers first (evnode.md B 1.1, B 13). */
export function configProblems(config: NodeConfig): readonly ConfigProblem[] {
  const found = (rules: readonly Rule[], blocks: boolean) =>
    rules.filter(([holds]) => holds(config)).map(([, problem]) => ({ blocks, ...problem }))
  return [...found(blockers, true), ...found(warnings, false)]
}
