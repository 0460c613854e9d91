import { hostPort } from '../../runbook/address.ts'
import type { LoadedRunbook } from '../../runbook/load.ts'

/** Every member as the node's Raft lists it, `NAME@HOST:PORT`, in the order of the runbook. */
export const raftMembers = ({ nodes }: Pick<LoadedRunbook, 'nodes'>): string[] =>
  nodes.map((node) => `${node.name}@${hostPort(node.address, node.raftPort)}`)
