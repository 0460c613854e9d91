import { askClient, type Reference, standOf } from '../chain/client-stand.ts'
import { clientOf } from '../chain/execution.ts'
import type { ClientStand, ClientStands } from '../facts.ts'
import type { Host, StepContext } from '../step.ts'

const timeoutMs = 3_000

/** A member with its head as it was read just before its client is asked: a node has its client execute a block first. */
export interface MemberAt {
  readonly host: Host
  /** null while the node answers nothing. */
  readonly head: number | null
}

/**
 * The execution client of every member against the first block of the cluster: the same block as the leader's, and no end
 * below its own node's head. One round trip. Reads only; null, and nothing is asked, on a chain without such clients.
 */
export async function clientsOfCluster(
  context: StepContext,
  members: readonly MemberAt[],
  leader: string,
  first: number,
): Promise<ClientStands | null> {
  if (context.onPaper || clientOf(context, context.source) === null) return null
  const said = await Promise.all(members.map(({ host }) => askClient(context, host, first, timeoutMs)))
  const hashes = said.map(({ asked }) => (asked.kind === 'ok' ? asked.value.hash : undefined))
  const leads = members.findIndex(({ host }) => host.spec.name === leader)
  // A leader whose client says nothing makes no block for long; the others still have to agree.
  const measure = hashes[leads] === undefined ? hashes.findIndex((hash) => hash !== undefined) : leads
  const hash = hashes[measure]
  const reference: Reference = {
    of: members[measure]?.host.spec.name ?? leader,
    hashes: new Map(hash === undefined ? [] : [[first, hash]]),
  }
  const ends = (height: number) =>
    `its execution client ends at block ${height} and does not have block ${first}, the first of the cluster`
  return Object.fromEntries(
    members.map(({ host, head }, i) => {
      const one = said[i]
      if (one === undefined) throw new Error('every member was asked')
      return [host.spec.name, besideItsNode(standOf(one, first, reference, ends), head)]
    }),
  )
}

function besideItsNode(stand: ClientStand, head: number | null): ClientStand {
  const { height, why } = stand
  if (why !== '' || height === null || head === null || height >= head) return stand
  return {
    ...stand,
    why: `its execution client stands at block ${height} and its node at ${head}: is it the client that the node drives?`,
  }
}

/** The clients at a later look: one whose height is still that of the first has not advanced. */
export function sinceThen(now: ClientStands, before: ClientStands): ClientStands {
  // On a chain that made no block meanwhile no client could advance: that one is beside its node was seen already.
  if (highest(now) <= highest(before)) return now
  return Object.fromEntries(
    Object.entries(now).map(([name, stand]) => {
      const earlier = before[name]?.height ?? null
      const stays = stand.why === '' && stand.height !== null && earlier !== null && stand.height <= earlier
      return [
        name,
        stays
          ? { ...stand, why: `its execution client stayed at block ${stand.height} through the watch` }
          : stand,
      ]
    }),
  )
}

const highest = (stands: ClientStands) =>
  Math.max(0, ...Object.values(stands).map(({ height }) => height ?? 0))
