import type { StepName } from '../base/names.ts'
import type { Facts } from '../steps/facts.ts'
import type { StepContext } from '../steps/step.ts'

/**
 * What a dry run takes each step of the straight path to have found: that everything goes well, on every host. It
 * stands above what a step on paper measured; what is missing here is left to the step.
 */
export type Assumed = { readonly [K in StepName]?: Partial<Facts[K]> }

const noPass = { lastPassBytes: 0, lastPassMs: 0, manifestMs: 0, at: '' }
const weighed = { digest: 'on paper', evidence: [] }

/** For the attempt that `context` stands in; heights and times are none that a step on paper looks at. */
export function assumed({ peers, nodes, source, quorum }: StepContext): Assumed {
  const peerNames = peers.map(({ spec }) => spec.name)
  const warm = peerNames.slice(0, quorum - 1)
  const started = { invocation: '', startedAtMs: 0, raftStartedAtMs: 0 }
  const startMs = Object.fromEntries(nodes.map(({ spec }) => [spec.name, 0]))
  const cluster = {
    leader: warm[0] ?? '',
    voting: nodes.map(({ spec }) => spec.name),
    notVoting: {},
    hashContinuity: true,
    firstClusterHeight: 0,
    lastBlockTimeMs: 0,
    firstBlockTimeMs: 0,
    head: 0,
  }
  return {
    preparePeers: { configSha256: {}, unitSha256: {} },
    copySigner: { sha256: '', copiedTo: peerNames },
    seedData: { bytes: 0, passes: 0, ...noPass },
    smoke: { stamp: '', startMs },
    weighCutover: { ...weighed, predictedMs: 0, predictedP95Ms: 0, parts: [], pass: noPass },
    arm: { epoch: 1, bootIds: {}, daHeight: null },
    fence: { noted: { height: 0, hash: '' }, invocation: '' },
    stopSource: { height: 0, stopAtMs: 0, exitAtMs: 0 },
    finalSync: { bytes: 0, files: 0 },
    proveEqual: { equal: peerNames, different: {}, manifestSha256: '', refusal: '' },
    warmPeers: { warm, started: Object.fromEntries(warm.map((name) => [name, started])) },
    weighCommit: { ...weighed, roundAtMs: 0 },
    decide: { decision: 'committed' },
    startQuorum: { quorum: peerNames.slice(0, quorum), last: peerNames[quorum - 1] ?? '', startedAtMs: 0 },
    startRest: { started: [...peerNames, source.spec.name] },
    verifyElection: cluster,
    soak: { ...cluster, daChecked: true },
    weighFinish: weighed,
    finish: { leftBehind: [] },
  }
}
