import { ofRunningClient, ownOfClient } from '../../evnode/execution-data.ts'
import type { NodeSpec } from '../../runbook/load.ts'
import { clientOf } from '../chain/execution.ts'
import type { Tree } from '../host/tree.ts'
import type { Host, StepContext } from '../step.ts'

/** A client whose data is replaced by a copy. */
export interface CopiedClient {
  /** Absolute. */
  readonly dataDir: string
  readonly unit: string
}

/** What the runbook says of it; null for a node whose client is only led on. The runbook was refused without these keys. */
export function copiedClientOf({ execution }: NodeSpec): CopiedClient | null {
  const { warmUp, dataDir, unit } = execution ?? {}
  return warmUp !== 'copy' || dataDir === undefined || unit === undefined ? null : { dataDir, unit }
}

/** A peer and its client. */
export interface CopyPeer {
  readonly peer: Host
  readonly client: CopiedClient
}

/** The peers whose clients get a copy; none on a chain without clients. */
export function copyPeers(context: Pick<StepContext, 'facts' | 'peers' | 'source'>): readonly CopyPeer[] {
  if (clientOf(context, context.source) === null) return []
  return context.peers.flatMap((peer) => {
    const client = copiedClientOf(peer.spec)
    return client === null ? [] : [{ peer, client }]
  })
}

/** What evha has beside the client's own files while it copies: on the same disk, so that a rename is enough. */
export const workIn = ({ dataDir }: CopiedClient) => {
  const dir = `${dataDir}/.evha`
  return {
    dir,
    /** The copy while it grows; no client ever looks here. */
    tree: `${dir}/tree`,
    /** What the client had there before. */
    before: `${dir}/before`,
    /** While it stands the client can not be started: its files are being exchanged. */
    swapping: `${dir}/swapping`,
    /** The copy is in its place; whether a client gets on with it was not seen yet. */
    swapped: `${dir}/swapped`,
  }
}

/** The drop-in by which systemd refuses the client while its files are exchanged. */
export const holdPath = ({ paths }: NodeSpec, { unit }: CopiedClient) =>
  `${paths.units}/${unit}.d/50-evha-copy.conf`

/** Says that in this run the client was seen to stand on its copy. */
export const madePath = ({ run }: Pick<StepContext, 'run'>, { paths }: NodeSpec, { unit }: CopiedClient) =>
  `${paths.evha}/runs/${run}/client-copied-${unit}`

const common = {
  what: "the execution client's data",
  dir: '.',
  leftOut: [...ownOfClient, ...ofRunningClient, '.evha'],
  marks: 'client-marks',
}

/** What is copied. Nobody writes there. */
export const restingTree = (copyFrom: string): Tree => ({ ...common, root: copyFrom, lock: copyFrom })

/** Where the copy of a peer grows. */
export function growingTree(client: CopiedClient): Tree {
  const { tree } = workIn(client)
  return { ...common, root: tree, lock: tree }
}
