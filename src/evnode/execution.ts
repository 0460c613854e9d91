import type { NodeCommand } from './node-command.ts'

/** A leader whose client is behind replays block by block before it makes one; seen with a real client (evnode.md A7). */
export const replayMsPerBlock = 270

/** So much more than its pace a node takes that has just come up, over its first blocks; seen with go-ethereum (docs/real-node.md). */
export const replayBeginsMs = 110

/** What an EVM node is told of its execution client; a flag that is absent has its default (evnode.md B 10: flags only). */
export interface ExecutionClient {
  /** `--evm.eth-url`. */
  readonly ethUrl: string
  /** `--evm.engine-url`. */
  readonly engineUrl: string
  /** `--evm.jwt-secret-file`, '' where none is named. */
  readonly jwtSecretFile: string
  /** `--evm.genesis-hash` in lower case, '' where none is given. */
  readonly genesisHash: string
  /** `--evm.fee-recipient` in lower case, the zero address where none is given: part of every block (evnode.md B 10). */
  readonly feeRecipient: string
}

/** The flags by the fields they fill, as an operator types them. */
export const clientFlags = {
  ethUrl: '--evm.eth-url',
  engineUrl: '--evm.engine-url',
  feeRecipient: '--evm.fee-recipient',
} as const

/** What the node takes for a fee recipient that is not given. */
export const noFeeRecipient = `0x${'0'.repeat(40)}`

/** Where a node of its own has its client, as far as that differs from the sequencer's. */
export interface ExecutionPlaces {
  readonly ethUrl?: string
  readonly engineUrl?: string
  readonly jwtSecretFile?: string
}

/** The database of the application that drives an execution client (apps/evm). */
export const evmDatabase = 'evm-single'

/** Whether a runbook's node is one of an EVM chain, as far as the runbook tells: its unit's flags decide. */
export const drivesClient = ({
  db,
  execution,
}: {
  readonly db: string
  readonly execution?: ExecutionPlaces
}): boolean => execution !== undefined || db === evmDatabase

/** The flags that say so, by their names without dashes. */
export function executionFlags({
  ethUrl,
  engineUrl,
  jwtSecretFile,
}: ExecutionPlaces): Readonly<Record<string, string>> {
  return {
    ...(ethUrl === undefined ? {} : { 'evm.eth-url': ethUrl }),
    ...(engineUrl === undefined ? {} : { 'evm.engine-url': engineUrl }),
    ...(jwtSecretFile === undefined ? {} : { 'evm.jwt-secret-file': jwtSecretFile }),
  }
}

/** The execution client of a node's command line; null for a node that needs none. */
export function executionClientOf(command: NodeCommand): ExecutionClient | null {
  if (!command.flags.some(({ name }) => name.startsWith('evm.'))) return null
  const flag = (name: string) => command.flags.findLast((one) => one.name === name)?.value
  return {
    ethUrl: flag('evm.eth-url') ?? 'http://localhost:8545',
    engineUrl: flag('evm.engine-url') ?? 'http://localhost:8551',
    jwtSecretFile: flag('evm.jwt-secret-file') ?? '',
    genesisHash: flag('evm.genesis-hash')?.toLowerCase() ?? '',
    feeRecipient: addressIn(flag('evm.fee-recipient') ?? ''),
  }
}

/** As the node reads it: `0x` before it or not, in any case. */
const addressIn = (text: string) =>
  text === '' ? noFeeRecipient : `0x${text.toLowerCase().replace(/^0x/, '')}`

export interface ExecutionFlagProblem {
  readonly problem: string
  readonly why: string
  readonly cure: string
}

/** What is wrong with the flags themselves. The removed flag's value is a secret and is not named. */
export function executionFlagProblems(command: NodeCommand): readonly ExecutionFlagProblem[] {
  const client = executionClientOf(command)
  if (client === null) return []
  const removed = command.flags.some(({ name }) => name === 'evm.jwt-secret')
  const cure =
    'write the secret, in hex, into a file that only the service user reads, and give --evm.jwt-secret-file FILE'
  if (removed)
    return [
      {
        problem: 'its command line has --evm.jwt-secret, which the node no longer knows',
        why: 'the node exits with "unknown flag: --evm.jwt-secret", and a secret in a command line is read by everybody on the host',
        cure,
      },
    ]
  if (client.jwtSecretFile !== '') return []
  return [
    {
      problem: 'its command line names no --evm.jwt-secret-file',
      why: 'the node exits with "JWT secret file must be provided via --evm.jwt-secret-file"',
      cure,
    },
  ]
}
