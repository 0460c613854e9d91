import { reads, script } from '../../base/command.ts'
import { jwtSecretIn } from '../../evnode/engine-token.ts'
import type { ExecutionClient } from '../../evnode/execution.ts'
import { askEngine, type ExecutionBlock, type ExecutionRpc } from '../../evnode/execution-rpc.ts'
import { urlTarget } from '../../evnode/json-rpc.ts'
import type { Answer, Missing } from '../../evnode/rpc.ts'
import { must } from '../ask.ts'
import { executionOn, openOn } from '../chain/execution.ts'
import { labelledLines } from '../host/labelled-lines.ts'
import type { Host, StepContext } from '../step.ts'

/** For one question to a client on its own host. */
const timeoutMs = 3_000

/** What the execution client of one host says; a question without an answer is an answer of another kind. */
export interface ExecutionLook {
  readonly host: string
  readonly client: ExecutionClient
  readonly chainId: Answer<string>
  readonly version: Answer<string>
  readonly head: Answer<number>
  readonly genesis: Answer<ExecutionBlock> | Missing
  /** The newest block that the client and the node's chain have in common; null while either has none. */
  readonly shared: SharedBlock | null
  readonly jwt: JwtLook
}

export interface SharedBlock {
  readonly number: number
  /** The client's state after it; '' where it does not have the block. */
  readonly stateRoot: string
  /** The same as the chain has it. */
  readonly chainStateRoot: string
}

export type JwtLook =
  /** There is no such file, or none is named. */
  | { readonly kind: 'missing' }
  /** The service user can not read it. */
  | { readonly kind: 'closed' }
  /** It holds no 32 bytes in hex. */
  | { readonly kind: 'noSecret' }
  /** What the Engine API said to a token of it. */
  | { readonly kind: 'asked'; readonly answer: Answer<readonly string[]> }

/** Asks one host's client through its tunnel; changes nothing. `client` is that host's, `head` the chain's, `user` the service user. */
export async function lookAtExecution(
  context: StepContext,
  host: Host,
  client: ExecutionClient,
  head: number,
  user: string,
): Promise<ExecutionLook> {
  const rpc = executionOn(context, host, client, timeoutMs)
  const [chainId, version, ownHead, genesis, jwt] = await Promise.all([
    rpc?.chainId() ?? noUrl,
    rpc?.version() ?? noUrl,
    rpc?.head() ?? noUrl,
    rpc?.block(0) ?? noUrl,
    lookAtJwt(context, host, client, user),
  ])
  const both = ownHead.kind === 'ok' && rpc !== null ? Math.min(ownHead.value, head - 1) : -1
  const shared = both < 0 || rpc === null ? null : await sharedBlock(context, rpc, both)
  return { host: host.spec.name, client, chainId, version, head: ownHead, genesis, shared, jwt }
}

const noUrl = { kind: 'garbled', why: 'it is no URL' } as const

/** The state after a block stands in the client's block itself and in the node's next header (evnode.md B 10). */
async function sharedBlock(
  context: StepContext,
  rpc: ExecutionRpc,
  number: number,
): Promise<SharedBlock | null> {
  const [own, next] = await Promise.all([rpc.block(number), context.rpc(context.source).block(number + 1)])
  // Pruned blocks can not be compared.
  if (next.kind !== 'ok' || (own.kind !== 'ok' && own.kind !== 'missing')) return null
  return {
    number,
    stateRoot: own.kind === 'ok' ? own.value.stateRoot : '',
    chainStateRoot: `0x${Buffer.from(next.value.header.appHash, 'base64').toString('hex')}`,
  }
}

async function lookAtJwt(
  context: StepContext,
  host: Host,
  { jwtSecretFile, engineUrl }: ExecutionClient,
  user: string,
): Promise<JwtLook> {
  if (jwtSecretFile === '') return { kind: 'missing' }
  const value = labelledLines(await must(context, host, readJwt(jwtSecretFile, user)))
  if (value('state') !== '') return { kind: value('state') === 'closed' ? 'closed' : 'missing' }
  const secret = jwtSecretIn(value('secret'))
  if (secret === undefined) return { kind: 'noSecret' }
  const target = urlTarget(engineUrl)
  if (target === undefined) return { kind: 'asked', answer: noUrl }
  const limits = { timeoutMs, signal: context.signal }
  // The token is judged by the clock of the client's host, not by this workstation's.
  const nowMs = Number(value('now')) * 1_000
  return { kind: 'asked', answer: await askEngine(openOn(host, target), target, secret, nowMs, limits) }
}

/** The secret and the host's clock in one look. Prints `key value` lines. */
export const readJwt = (file: string, user: string) =>
  reads(
    'read the JWT secret of the execution client',
    script(
      `file=$1 user=$2
if [ ! -f "$file" ]; then echo 'state missing'; exit 0; fi
if [ -n "$user" ] && id -u "$user" >/dev/null 2>&1 && ! runuser -u "$user" -- test -r "$file"; then echo 'state closed'; exit 0; fi
echo "secret $(head -c 200 "$file" | tr -d '[:space:]')"
echo "now $(date +%s)"`,
      file,
      user,
    ),
    { sensitive: true },
  )
