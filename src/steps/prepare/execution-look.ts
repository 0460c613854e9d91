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
  /** The first block that its node would have to replay and that the source's store does not have. */
  readonly lost: number | null
  readonly disk: DiskLook
  readonly jwt: JwtLook
}

export type DiskLook =
  /** The runbook does not say where the client's data lie. */
  | { readonly kind: 'unnamed' }
  | { readonly kind: 'missing'; readonly dir: string }
  | { readonly kind: 'seen'; readonly dir: string; readonly freeBytes: number }

export interface SharedBlock {
  readonly number: number
  /** The client's state after it; '' where it does not have the block. */
  readonly stateRoot: string
  /** The same as the chain has it. */
  readonly chainStateRoot: string
  /** The block of that number at this client and at the source's; null where one of them does not give it. */
  readonly blocks: { readonly own: ExecutionBlock; readonly source: ExecutionBlock } | null
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

/** What the looks at all hosts have in common. */
export interface Chain {
  /** The client of the source. */
  readonly sourceClient: ExecutionClient
  /** The node's newest block. */
  readonly head: number
}

/** Asks one host's client through its tunnel; changes nothing. `client` is that host's, `user` the service user. */
export async function lookAtExecution(
  context: StepContext,
  host: Host,
  client: ExecutionClient,
  chain: Chain,
  user: string,
): Promise<ExecutionLook> {
  const rpc = executionOn(context, host, client, timeoutMs)
  const [chainId, version, ownHead, genesis, disk, jwt] = await Promise.all([
    rpc?.chainId() ?? noUrl,
    rpc?.version() ?? noUrl,
    rpc?.head() ?? noUrl,
    rpc?.block(0) ?? noUrl,
    lookAtDisk(context, host),
    lookAtJwt(context, host, client, user),
  ])
  const both = ownHead.kind === 'ok' && rpc !== null ? Math.min(ownHead.value, chain.head - 1) : -1
  const known =
    both < 0 || rpc === null ? { shared: null, lost: null } : await inCommon(context, host, rpc, chain, both)
  return { host: host.spec.name, client, chainId, version, head: ownHead, genesis, ...known, disk, jwt }
}

const noUrl = { kind: 'garbled', why: 'it is no URL' } as const

/** The state after a block stands in the client's block itself and in the node's next header (evnode.md B 10). */
async function inCommon(
  context: StepContext,
  host: Host,
  rpc: ExecutionRpc,
  { sourceClient }: Chain,
  number: number,
): Promise<Pick<ExecutionLook, 'shared' | 'lost'>> {
  const { source } = context
  const [own, next, there] = await Promise.all([
    rpc.block(number),
    context.rpc(source).block(number + 1),
    host === source ? null : executionOn(context, source, sourceClient, timeoutMs)?.block(number),
  ])
  if (next.kind === 'missing') return { shared: null, lost: host === source ? null : number + 1 }
  if (next.kind !== 'ok' || (own.kind !== 'ok' && own.kind !== 'missing')) return { shared: null, lost: null }
  const shared: SharedBlock = {
    number,
    stateRoot: own.kind === 'ok' ? own.value.stateRoot : '',
    chainStateRoot: `0x${Buffer.from(next.value.header.appHash, 'base64').toString('hex')}`,
    blocks: inBoth(own, host === source ? own : there),
  }
  return { shared, lost: null }
}

function inBoth(
  own: Answer<ExecutionBlock> | Missing,
  there: Answer<ExecutionBlock> | Missing | null | undefined,
): SharedBlock['blocks'] {
  return own.kind === 'ok' && there?.kind === 'ok' ? { own: own.value, source: there.value } : null
}

async function lookAtDisk(context: StepContext, host: Host): Promise<DiskLook> {
  const dir = host.spec.execution?.dataDir
  if (dir === undefined) return { kind: 'unnamed' }
  const value = labelledLines(await must(context, host, readClientRoom(dir)))
  const freeBytes = Number(value('free'))
  return value('free') === '' ? { kind: 'missing', dir } : { kind: 'seen', dir, freeBytes }
}

/** Room where the client keeps its data. Prints one `key value` line, none where there is no such directory. */
export const readClientRoom = (dir: string) =>
  reads(
    "look at the room for the execution client's data",
    script(`if [ -d "$1" ]; then echo "free $(df -P -B 1 "$1" | awk 'NR == 2 { print $4 }')"; fi`, dir),
  )

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
