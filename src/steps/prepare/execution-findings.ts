import { type ExecutionClient, executionClientOf, executionFlagProblems } from '../../evnode/execution.ts'
import { withoutLogin } from '../../evnode/json-rpc.ts'
import { type NodeCommand, nodeCommand, type Unit } from '../../evnode/unit.ts'
import { silence } from '../chain/client-stand.ts'
import { clientOn } from '../chain/execution.ts'
import { copiedClientOf } from '../client-copy/place.ts'
import type { Facts } from '../facts.ts'
import type { Host, StepContext } from '../step.ts'
import { clientCopyFindings } from './client-copy-findings.ts'
import { clientFindings, unnamedDisks } from './client-findings.ts'
import { placeFindings } from './client-place-findings.ts'
import { type ExecutionLook, lookAtExecution } from './execution-look.ts'
import { blocks, type Finding, warns } from './finding.ts'
import { fullNodeFindings } from './full-node-findings.ts'

/** Looks at one host; null, and a finding of its own, where that is not possible. */
export type TryOn = <T>(host: Host, look: () => Promise<T>) => Promise<T | null>

/**
 * An EVM node is half of its sequencer; the other half is its execution client. How the clients of all hosts stand, and whether a full
 * node could lead each peer's. `head` and `p2pPort` are the sequencer's, `userOf` gives the service user.
 */
export async function executionFindings(
  context: StepContext,
  unit: Unit,
  { head, p2pPort }: { readonly head: number; readonly p2pPort: number },
  userOf: (host: Host) => string,
  tryOn: TryOn,
): Promise<Finding[]> {
  const { source, nodes } = context
  const command = commandOf(unit)
  const client = command === null ? null : executionClientOf(command)
  if (command === null || client === null)
    return nodes.filter(({ spec }) => spec.execution !== undefined).map(notEvm(source))
  const chain = { sourceClient: clientOn(source, client), head }
  const looks = await Promise.all(
    nodes.map((host) =>
      tryOn(host, () => lookAtExecution(context, host, clientOn(host, client), chain, userOf(host))),
    ),
  )
  const fullNodes = await Promise.all(
    context.peers.map((peer) => tryOn(peer, () => fullNodeFindings(context, peer, p2pPort))),
  )
  const seen = looks.filter((look) => look !== null).map((look) => copiedOver(context, look))
  const here = seen.find(({ host }) => host === source.spec.name)
  return [
    ...executionFlagProblems(command).map(({ problem, why, cure }) =>
      blocks(source.spec.name, problem, why, cure, `the flags of ${source.spec.unit}`),
    ),
    ...(here === undefined ? [] : ownClient(source, here, head)),
    ...seen.flatMap((look) => clientFindings(look, here ?? null, head)),
    ...placeFindings(nodes, client),
    ...fullNodes.flatMap((found) => found ?? []),
    ...unnamedDisks(seen),
    ...(await clientCopyFindings(context, tryOn)),
  ]
}

/** A client that gets a copy of another one's data needs no block that was made before that. */
const copiedOver = ({ peers }: StepContext, look: ExecutionLook): ExecutionLook =>
  peers.some(({ spec }) => spec.name === look.host && copiedClientOf(spec) !== null)
    ? { ...look, lost: null }
    : look

/** What a run goes on with. A journal keeps no secret, so a login in an address is left out of it. */
export function executionFact(command: NodeCommand): Pick<Facts['check'], 'execution'> {
  const client = executionClientOf(command)
  if (client === null) return {}
  const { ethUrl, engineUrl } = client
  return { execution: { ...client, ethUrl: withoutLogin(ethUrl), engineUrl: withoutLogin(engineUrl) } }
}

/** The client that a unit's flags name; null for a node that drives none, and where its command line is not clear. */
export function clientInUnit(unit: Unit): ExecutionClient | null {
  const command = commandOf(unit)
  return command === null ? null : executionClientOf(command)
}

function commandOf(unit: Unit): NodeCommand | null {
  try {
    return nodeCommand(unit)
  } catch {
    // What is wrong with the command line is a finding of its own.
    return null
  }
}

const notEvm =
  (source: Host) =>
  ({ spec }: Host): Finding =>
    warns(
      spec.name,
      'the runbook names an execution client, and the sequencer has none',
      'it has no flag of an EVM node, so nothing would use it',
      'take `execution` out of the runbook',
      `the flags of ${source.spec.unit} on ${source.spec.name}`,
    )

/** A sequencer's client makes each of its blocks, so it stands where the node does. */
const ownBehindMax = 5

/** The sequencer's own client: silent, or far from its node, it is no measure for the others. */
function ownClient(source: Host, { client, head: at }: ExecutionLook, head: number): Finding[] {
  const { name, unit } = source.spec
  const url = withoutLogin(client.ethUrl)
  if (at.kind !== 'ok')
    return [
      blocks(
        name,
        `its execution client at ${url} ${silence(at)}`,
        'the sequencer makes its blocks with it, and the clients of the peers are compared with it',
        'let it listen there (ss -ltn), or name the address it is at: nodes[].execution.ethUrl',
        `eth_blockNumber at ${url} through the SSH connection of ${name}`,
      ),
    ]
  if (head - at.value <= ownBehindMax) return []
  return [
    blocks(
      name,
      `its execution client at ${url} is at block ${at.value}, behind the node's ${head}`,
      'a sequencer makes no block without its client, so this is another one',
      'name the client that the node drives: nodes[].execution.ethUrl',
      `the flags of ${unit}, and the head that client tells`,
    ),
  ]
}
