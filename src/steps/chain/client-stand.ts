import { EvhaError } from '../../base/errors.ts'
import type { ExecutionBlock } from '../../evnode/execution-rpc.ts'
import type { Answer, Missing } from '../../evnode/rpc.ts'
import type { ClientStand, ClientStands } from '../facts.ts'
import type { Host, StepContext } from '../step.ts'
import { clientOf, executionOn } from './execution.ts'

/** What a client said when it was asked for two blocks at once. */
export interface ClientSaid {
  readonly latest: Answer<ExecutionBlock>
  /** The block of the number that was asked for. */
  readonly asked: Answer<ExecutionBlock> | Missing
}

/** Its newest block and one more, in one round trip; a host that can not be reached is a client that does not answer. */
export async function askClient(
  context: StepContext,
  host: Host,
  number: number,
  timeoutMs: number,
): Promise<ClientSaid> {
  const client = clientOf(context, host)
  const rpc = client === null ? null : executionOn(context, host, client, timeoutMs)
  if (rpc === null) return { latest: noUrl, asked: noUrl }
  try {
    const [latest, asked] = await Promise.all([rpc.latest(), rpc.block(number)])
    return { latest, asked }
  } catch (thrown) {
    if (!(thrown instanceof EvhaError) || context.signal.aborted) throw thrown
    const silent = { kind: 'closed', why: 'its host does not answer' } as const
    return { latest: silent, asked: silent }
  }
}

const noUrl = { kind: 'garbled', why: 'its address is no URL' } as const

/** Whose blocks the others are compared with. */
export interface Reference {
  /** The node. */
  readonly of: string
  /** Hashes by number, as far as they are known. */
  readonly hashes: ReadonlyMap<number, string>
}

/**
 * How a client stands to block `last` of the reference: it has that very block, or it ends below with a block of the same
 * chain. `below` says what is wrong with one that ends there; '' where that is no harm.
 */
export function standOf(
  said: ClientSaid,
  last: number,
  reference: Reference,
  below: (height: number) => string,
): ClientStand {
  const { asked, latest } = said
  const height = latest.kind === 'ok' ? latest.value.number : null
  if (asked.kind === 'ok') {
    const { hash } = asked.value
    return { height: Math.max(height ?? 0, last), hash, why: otherBlock(last, hash, reference) }
  }
  if (asked.kind !== 'missing') return { height, hash: null, why: `its execution client ${silence(asked)}` }
  if (latest.kind !== 'ok')
    return { height: null, hash: null, why: `its execution client ${silence(latest)}` }
  const { number, hash } = latest.value
  if (number >= last)
    return {
      height,
      hash: null,
      why: `its execution client stands at block ${number} and does not have block ${last}`,
    }
  return { height, hash, why: below(number) || otherBlock(number, hash, reference) }
}

function otherBlock(number: number, hash: string, { of, hashes }: Reference): string {
  const there = hashes.get(number)
  if (there === undefined)
    return `block ${number} of its execution client can not be compared: that of ${of} does not give its own`
  if (there === hash) return ''
  return `its execution client has another block ${number} (${short(hash)}) than that of ${of} (${short(there)})`
}

const short = (hash: string) => `${hash.slice(0, 6)}…${hash.slice(-2)}`

/** The stands of several clients in a few words: how many hold block `last`, and who ends below it. */
export function standsInWords(stands: ClientStands, last: number): string {
  const all = Object.entries(stands)
  const good = all.filter(([, { why }]) => why === '')
  const below = good.flatMap(([name, { height }]) =>
    height === null || height >= last ? [] : [`${name} ends ${last - height} below it`],
  )
  return [`${good.length} of ${all.length} have the chain up to block ${last}`, ...below].join('; ')
}

/** Those with which something is wrong, as `name: why`. */
export const wrongIn = (stands: ClientStands): readonly (readonly [name: string, why: string])[] =>
  Object.entries(stands).flatMap(([name, { why }]) => (why === '' ? [] : [[name, why] as const]))

/** What is said of a question without an answer. */
export function silence(answer: Exclude<Answer<unknown>, { kind: 'ok' }> | Missing): string {
  switch (answer.kind) {
    case 'timeout':
      return `does not answer within ${answer.afterMs / 1_000} s`
    case 'closed':
      return `does not answer${answer.why === '' ? '' : ` (${answer.why})`}`
    default:
      return 'answers, but not as an execution client does'
  }
}
