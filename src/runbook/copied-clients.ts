import type { NodeSpec } from './load.ts'
import type { WrittenRunbook } from './schema.ts'
import type { Problem } from './source-text.ts'

/** A client whose data is replaced by a copy is stopped and started again: evha must know its unit, and where what lies. */
export function copiedClients(written: WrittenRunbook, nodes: readonly NodeSpec[]): Problem[] {
  const source = nodes.find(({ name }) => name === written.source)
  const copied = nodes.filter((node) => node !== source && node.execution?.warmUp === 'copy')
  if (source === undefined || copied.length === 0) return []
  return [
    ...fromWhere(source),
    ...unnamed(copied, 'dataDir', 'where the client keeps its data, such as /var/lib/ev-reth'),
    ...unnamed(copied, 'unit', 'the service that runs the client, such as ev-reth.service'),
  ]
}

const problem = (message: string, hint: string): Problem => ({
  path: ['execution'],
  atKey: true,
  message,
  hint,
})

function fromWhere({ name, execution }: NodeSpec): Problem[] {
  const { copyFrom, dataDir } = execution ?? {}
  if (copyFrom === undefined)
    return [
      problem(
        'execution.warmUp is copy, and execution.copyFrom does not say from where',
        `write copyFrom under \`execution\`: a directory on ${name} that holds a client's data at rest, such as a mounted snapshot of its volume`,
      ),
    ]
  if (dataDir === undefined || !holds(copyFrom, dataDir)) return []
  return [
    problem(
      `execution.copyFrom is ${copyFrom}, and the client of ${name} writes to ${dataDir}: a copy of that is torn`,
      'write the path of a snapshot of it, or of another directory that nobody writes to',
    ),
  ]
}

/** A snapshot may well lie inside of what it is one of. */
const holds = (dir: string, other: string) => dir === other || other.startsWith(`${dir}/`)

function unnamed(copied: readonly NodeSpec[], key: 'unit' | 'dataDir', what: string): Problem[] {
  const without = copied.filter(({ execution }) => execution?.[key] === undefined)
  if (without.length === 0) return []
  const names = without.map(({ name }) => name).join(', ')
  return [
    problem(
      `execution.warmUp is copy, and execution.${key} is missing for ${names}`,
      `write ${key} under \`execution\`: ${what}`,
    ),
  ]
}
