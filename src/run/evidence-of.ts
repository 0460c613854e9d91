import type { SignedTwice } from '../machine/context.ts'
import { membersLeft } from '../steps/abort/return-decision.ts'
import type { ClientStand, ClientStands, Facts, Replayed } from '../steps/facts.ts'
import { type Replay, replayInWords } from '../steps/gates/prediction.ts'

/** Label and value. */
export type EvidenceRow = readonly [label: string, value: string]

/** What one part of the run rests on. */
export interface Evidence {
  readonly title: string
  readonly rows: readonly EvidenceRow[]
}

/** What the steps saw and wrote down, in the order of the run; parts the run has not come to are left out. */
export function evidenceOf(facts: Partial<Facts>): Evidence[] {
  const parts: readonly [string, readonly EvidenceRow[]][] = [
    ['the chain as it was found', found(facts)],
    ['the trial start', trial(facts)],
    ['the stop of the single sequencer', stopped(facts)],
    ['the same content everywhere', equal(facts)],
    ['the execution clients at the last block', clientsAtStop(facts)],
    ['the decision', decided(facts)],
    ['the cluster', cluster(facts)],
    ['the way back', rolledBack(facts)],
  ]
  return parts.flatMap(([title, rows]) => (rows.length === 0 ? [] : [{ title, rows }]))
}

function found({ check }: Partial<Facts>): EvidenceRow[] {
  if (check === undefined) return []
  return [
    ['chain id', check.chainId],
    ['head', String(check.head)],
    ['proposer', check.proposerAddress],
    ['DA', `${check.daAddress}, namespace ${check.daNamespace}`],
    ['block time', `${check.blockTimeMs} ms`],
    ['binary, sha256', check.binarySha256],
    ['genesis, sha256', check.genesisSha256],
  ]
}

function trial({ smoke, preparePeers }: Partial<Facts>): EvidenceRow[] {
  if (smoke === undefined) return []
  const starts = Object.entries(smoke.startMs).map(([name, ms]) => `${name} ${ms} ms`)
  const rows: EvidenceRow[] = [
    ['start to bootstrapped', starts.join(', ')],
    ['stamp of the Raft directories', smoke.stamp],
  ]
  return preparePeers === undefined ? rows : [...rows, ['Raft timing', preparePeers.timing]]
}

function stopped({ fence, stopSource }: Partial<Facts>): EvidenceRow[] {
  const rows: EvidenceRow[] = []
  const noted = stopSource?.noted ?? fence?.noted
  if (noted !== undefined) rows.push(['hash noted before the stop', `${noted.hash} at ${noted.height}`])
  if (stopSource === undefined) return rows
  return [
    ...rows,
    ['last block', String(stopSource.height)],
    ['stop asked', new Date(stopSource.stopAtMs).toISOString()],
    ['exit 0 seen', new Date(stopSource.exitAtMs).toISOString()],
  ]
}

function equal({ proveEqual }: Partial<Facts>): EvidenceRow[] {
  if (proveEqual === undefined) return []
  const { equal: same, different, manifestSha256, refusal } = proveEqual
  const others = Object.entries(different).map(([name, why]) => `${name}: ${why}`)
  return [
    ['manifest, sha256', manifestSha256],
    ['equal', same.join(', ')],
    ...(others.length === 0 ? [] : [['not equal, not started', others.join('; ')] satisfies EvidenceRow]),
    ['a start of the fenced unit was refused', refusal],
  ]
}

function clientsAtStop({ proveEqual }: Partial<Facts>): EvidenceRow[] {
  return clientRows(proveEqual?.clients)
}

const clientRows = (clients: ClientStands | undefined): EvidenceRow[] =>
  Object.entries(clients ?? {}).map(([name, stand]) => [`execution client of ${name}`, standing(stand)])

function standing({ height, hash, why }: ClientStand): string {
  const block = height === null ? 'not told' : `block ${height}${hash === null ? '' : `, ${hash}`}`
  return why === '' ? block : `${block}: ${why}`
}

function decided({ decide, readDecision, warmPeers, startQuorum }: Partial<Facts>): EvidenceRow[] {
  const rows: EvidenceRow[] = []
  const fell = readDecision ?? decide
  if (fell !== undefined) rows.push(['decision file', fell.decision])
  if (warmPeers !== undefined) rows.push(['warm before it', warmPeers.warm.join(', ')])
  if (startQuorum !== undefined) rows.push(['made the quorum', startQuorum.last])
  return rows
}

function cluster({ proveEqual, soak, verifyElection }: Partial<Facts>): EvidenceRow[] {
  const seen = soak ?? verifyElection
  if (seen === undefined) return []
  const rows: EvidenceRow[] = [
    ['leader', seen.leader],
    ['voting', seen.voting.join(', ')],
    ['not voting', named(seen.notVoting)],
    ['first cluster block', String(seen.firstClusterHeight)],
    ['hash link', seen.hashContinuity ? 'unbroken' : 'BROKEN'],
    ['head at the end', String(seen.head)],
    ...replayRow(verifyElection?.replayed, proveEqual?.replay),
    ...clientRows(seen.clients),
  ]
  if (soak === undefined) return rows
  return [
    ...rows,
    ['heights signed twice', `none${soak.daChecked ? '; DA was read too' : '; DA was not read'}`],
  ]
}

const replayRow = (replayed: Replayed | undefined, predicted: Replay | undefined): EvidenceRow[] =>
  replayed === undefined
    ? []
    : [
        [
          "replayed to the leader's execution client",
          `${replayed.blocks} blocks in ${replayed.tookMs} ms${predicted === undefined ? '' : `; predicted ${replayInWords(predicted)}`}`,
        ],
      ]

/** The heights that the watch found signed twice: where each header was seen, and the signatures that prove it. */
export function evidenceOfTwice(
  twice: SignedTwice | null,
  stopped: Facts['stopWriters'] | undefined,
): Evidence[] {
  if (twice === null) return []
  const rows: EvidenceRow[] = [
    ['heights', twice.heights.join(', ')],
    ...twice.seen.map((sentence): EvidenceRow => ['what was seen', sentence]),
    ...twice.proofs.map((proof): EvidenceRow => ['signatures', JSON.stringify(proof)]),
  ]
  if (stopped !== undefined) {
    const { unreached } = stopped
    const without = unreached.length === 0 ? '' : `; not reached, stop it by hand: ${unreached.join(', ')}`
    rows.push(['every node was stopped', `its permits are taken${without}`])
  }
  return [{ title: 'a height was signed twice', rows }]
}

function rolledBack({
  decide,
  disarm,
  rankStores,
  restoreBest,
  seeSingleBlock,
  seeBlock,
}: Partial<Facts>): EvidenceRow[] {
  const rows: EvidenceRow[] = []
  if (seeBlock !== undefined) rows.push(['block of the single sequencer', String(seeBlock.height)])
  const unreached = disarm?.unreached ?? []
  // A later attempt that went forward has reached them.
  if (unreached.length > 0 && decide?.decision !== 'committed') rows.push(['members', membersLeft(unreached)])
  if (rankStores !== undefined) {
    const heights = Object.entries(rankStores.heights).map(([name, height]) => `${name} ${height}`)
    rows.push(['heights found', heights.join(', ')])
    rows.push(['highest that may have been signed', String(rankStores.target)])
  }
  if (restoreBest !== undefined)
    rows.push(['store that goes on', `${restoreBest.from} at ${restoreBest.height}`])
  if (seeSingleBlock !== undefined) rows.push(['block after the rollback', String(seeSingleBlock.height)])
  const { clients, takenBack } = seeSingleBlock ?? seeBlock ?? {}
  if (takenBack !== undefined)
    rows.push(['execution client taken back by its node', `from block ${takenBack.from} to ${takenBack.to}`])
  rows.push(...clientRows(clients))
  return rows
}

function named(all: Readonly<Record<string, string>>): string {
  const entries = Object.entries(all).map(([name, why]) => `${name}: ${why}`)
  return entries.length === 0 ? 'none' : entries.join('; ')
}
