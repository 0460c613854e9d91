import { exchange, type Open } from './exchange.ts'
import { objectOr } from './json.ts'
import type { NodeCommand } from './node-command.ts'

/** Where an EVM node finds its execution client; a flag that is absent has its default (evnode.md B 10). */
export interface ExecutionClient {
  /** `--evm.eth-url`. */
  readonly ethUrl: string
}

/** The execution client of a node's command line; null for a node that needs none (evnode.md B 10: flags only). */
export function executionClientOf(command: NodeCommand): ExecutionClient | null {
  const flags = command.flags.filter(({ name }) => name.startsWith('evm.'))
  if (flags.length === 0) return null
  return { ethUrl: flags.findLast(({ name }) => name === 'evm.eth-url')?.value ?? 'http://localhost:8545' }
}

/** Head of the execution client by eth_blockNumber; a sentence when it does not tell. */
export async function executionHeight(open: Open, timeoutMs: number): Promise<number | string> {
  const answer = await exchange(open, {
    method: 'POST',
    path: '/',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'eth_blockNumber', params: [] }),
    timeoutMs,
    bytesMax: 64 * 1024,
  })
  if (answer.kind !== 'answer') return 'does not answer'
  const result = objectOr(answer.body)?.['result']
  const height = typeof result === 'string' && result !== '' ? Number(result) : Number.NaN
  return Number.isSafeInteger(height) ? height : 'answers, but names no block'
}
