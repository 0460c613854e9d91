import { daTarget } from '../../evnode/da.ts'
import { executionClientOf, executionHeight } from '../../evnode/execution.ts'
import { nodeCommand, type Unit } from '../../evnode/unit.ts'
import type { StepContext } from '../step.ts'
import { blocks, type Finding } from './finding.ts'

const timeoutMs = 3_000

/**
 * An EVM node is half of its sequencer: the other half, the execution client, is not migrated by this version, so it
 * blocks; how the client stands is told with it. `head` is the node's.
 */
export async function executionFindings(
  { source }: StepContext,
  unit: Unit,
  head: number,
): Promise<Finding[]> {
  const client = executionClient(unit)
  if (client === null) return []
  const { host, port } = daTarget(client.ethUrl)
  const height = await executionHeight(() => source.remote.tunnel({ host, port }), timeoutMs)
  return [
    blocks(
      source.spec.name,
      `it is an EVM node; its execution client at ${client.ethUrl} ${standsAt(height, head)}`,
      'the state of the chain lies in the execution client, which this version does not migrate: a leader whose client is behind halts the chain while it replays',
      'this version migrates nodes without an execution client; leave this chain as it is',
      `the flags of ${source.spec.unit}, and the head its client tells`,
    ),
  ]
}

function executionClient(unit: Unit) {
  try {
    return executionClientOf(nodeCommand(unit))
  } catch {
    // What is wrong with the command line is a finding of its own.
    return null
  }
}

function standsAt(height: number | string, head: number): string {
  if (typeof height === 'string') return height
  return height < head ? `is at block ${height}, behind the node's ${head}` : `is at block ${height}`
}
