import type { Head } from '../facts.ts'
import type { Host, StepContext } from '../step.ts'

/** Head height by GetState; null while the node answers nothing. */
export async function heightOf(context: StepContext, host: Host): Promise<number | null> {
  const state = await context.rpc(host).state()
  return state.kind === 'ok' ? state.value.lastBlockHeight : null
}

/** Hash of one block, computed from its header's fields (evnode.md A6); null when the node does not have it or answers nothing. */
export async function hashAt(context: StepContext, host: Host, height: number): Promise<string | null> {
  const block = await context.rpc(host).block(height)
  return block.kind === 'ok' ? block.value.hash : null
}

/** Head height and the hash of that block, read one after the other; null while the node answers nothing. */
export async function headOf(context: StepContext, host: Host): Promise<Head | null> {
  const height = await heightOf(context, host)
  if (height === null || height === 0) return null
  const hash = await hashAt(context, host, height)
  return hash === null ? null : { height, hash }
}
