import * as z from 'zod'
import { type HookName, hookNames } from '../base/names.ts'
import { runbookLimits } from './defaults.ts'
import { sshKeys, sshLogin } from './ssh-login.ts'
import {
  absolutePath,
  amount,
  chainId,
  databaseName,
  flag,
  hookCommand,
  hostAndPort,
  httpUrl,
  memberAddress,
  nodeName,
  pathBelowHome,
  port,
  rehearsalDigest,
  text,
  unitName,
  userName,
} from './words.ts'

/** A heading may stand there with all its keys commented out. */
function section<Shape extends z.ZodType>(keys: Shape) {
  return z.preprocess((written) => (written === null ? {} : written), keys).exactOptional()
}

const paths = z.strictObject({
  units: absolutePath.exactOptional(),
  evha: absolutePath.exactOptional(),
  run: absolutePath.exactOptional(),
})

const warmUp = z.enum(['follow', 'copy'], {
  error:
    'must be follow (a full node leads the client from where it stands) or copy (its data is copied first)',
})

/** The execution client of an EVM node, where the flags of the sequencer's unit do not fit a host, and how it gets warm. */
const execution = z.strictObject({
  ethUrl: httpUrl.exactOptional(),
  engineUrl: httpUrl.exactOptional(),
  jwtSecretFile: absolutePath.exactOptional(),
  dataDir: absolutePath.exactOptional(),
  warmUp: warmUp.exactOptional(),
  unit: unitName.exactOptional(),
  copyFrom: absolutePath.exactOptional(),
})

/** Keys that stand under `node` for all nodes, and under one of `nodes` for that node alone. */
const nodeKeys = {
  binary: absolutePath.exactOptional(),
  home: absolutePath.exactOptional(),
  unit: unitName.exactOptional(),
  user: userName.exactOptional(),
  db: databaseName.exactOptional(),
  passphraseFile: absolutePath.exactOptional(),
  rpc: hostAndPort.exactOptional(),
  paths: section(paths),
  execution: section(execution),
}

const nodeDefaults = z.strictObject(nodeKeys)

const node = z.strictObject({
  ...nodeKeys,
  name: nodeName,
  ssh: sshLogin,
  address: memberAddress,
  /** Only where several nodes share one address. */
  raftPort: port.exactOptional(),
  p2pPort: port.exactOptional(),
})

const timing = z.strictObject({
  heartbeatMs: amount(10, 60_000),
  electionMs: amount(10, 300_000),
  leaseMs: amount(5, 60_000),
  sendMs: amount(5, 60_000),
})

const autoOrTiming = z.union([
  z.literal('auto', {
    error: 'must be auto, or the four keys heartbeatMs, electionMs, leaseMs and sendMs',
  }),
  timing,
])

const raft = z.strictObject({
  port: port.exactOptional(),
  dir: pathBelowHome.exactOptional(),
  timing: autoOrTiming.exactOptional(),
})

const p2p = z.strictObject({ port: port.exactOptional() })

const da = z.strictObject({
  address: text('the address of the DA node').min(1, { error: 'is empty' }).max(2048).exactOptional(),
  namespace: text('the DA namespace').min(1, { error: 'is empty' }).max(256).exactOptional(),
})

const copyVia = z.enum(['auto', 'direct', 'relay'], {
  error: 'must be auto, direct (from host to host) or relay (through this workstation)',
})

const copy = z.strictObject({
  binary: flag.exactOptional(),
  bandwidthKiBps: amount(1, 1_000_000_000).exactOptional(),
  via: copyVia.exactOptional(),
})

const window = z.strictObject({
  budgetSeconds: amount(1, runbookLimits.budgetSecondsMax).exactOptional(),
  soakSeconds: amount(0, runbookLimits.soakSecondsMax).exactOptional(),
  deadManSeconds: amount(runbookLimits.deadManSecondsMin, runbookLimits.deadManSecondsMax).exactOptional(),
})

const hooks = z.strictObject({
  ...(Object.fromEntries(hookNames.map((name) => [name, hookCommand.exactOptional()])) as Record<
    HookName,
    z.ZodExactOptional<typeof hookCommand>
  >),
  timeoutSeconds: amount(1, runbookLimits.hookSecondsMax).exactOptional(),
})

/** A runbook as it is written, before defaults. What the keys mean stands in runbooks/single-to-ha.yaml. */
export const runbookSchema = z.strictObject({
  version: z.literal(1, {
    error: (issue) =>
      issue.input === undefined ? undefined : 'must be 1: this evha knows no other version of runbooks',
  }),
  chain: chainId,
  node: section(nodeDefaults),
  nodes: z.array(node),
  source: text('the name of a node'),
  raft: section(raft),
  p2p: section(p2p),
  da: section(da),
  execution: section(execution),
  copy: section(copy),
  window: section(window),
  hooks: section(hooks),
  paths: section(paths),
  staging: flag.exactOptional(),
  rehearsal: rehearsalDigest.exactOptional(),
})

export type WrittenRunbook = z.infer<typeof runbookSchema>
export type WrittenNode = WrittenRunbook['nodes'][number]

const knownKeys: Readonly<Record<string, readonly string[]>> = {
  '': Object.keys(runbookSchema.shape),
  node: Object.keys(nodeDefaults.shape),
  nodes: Object.keys(node.shape),
  'node.paths': Object.keys(paths.shape),
  'nodes.paths': Object.keys(paths.shape),
  'node.execution': Object.keys(execution.shape),
  'nodes.execution': Object.keys(execution.shape),
  'nodes.ssh': sshKeys,
  raft: Object.keys(raft.shape),
  'raft.timing': Object.keys(timing.shape),
  p2p: Object.keys(p2p.shape),
  da: Object.keys(da.shape),
  copy: Object.keys(copy.shape),
  window: Object.keys(window.shape),
  hooks: Object.keys(hooks.shape),
  execution: Object.keys(execution.shape),
  paths: Object.keys(paths.shape),
}

/** The keys that may stand at a place of the runbook; list positions in `path` are passed over. */
export function keysAt(path: readonly PropertyKey[]): readonly string[] {
  return knownKeys[path.filter((part) => typeof part === 'string').join('.')] ?? []
}
