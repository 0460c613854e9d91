import type { Secret } from '../../../base/secret.ts'
import { engineToken } from '../../../evnode/engine-token.ts'
import { isObject } from '../../../evnode/json.ts'
import { goErrorText } from '../failure.ts'

/** A question to an execution client that went wrong, in the words of go-ethereum's library. */
export class ClientError extends Error {}

/** The node sets no limit of its own; a client that hangs holds it up so long here. */
const answerTimeoutMs = 60_000

/** One JSON-RPC call; with a secret it bears a token made for it. Throws ClientError. */
export async function call(
  url: string,
  method: string,
  params: readonly unknown[],
  secret?: Secret,
): Promise<unknown> {
  const headers: Record<string, string> = { 'content-type': 'application/json' }
  if (secret !== undefined)
    headers['authorization'] = `Bearer ${engineToken(secret, Date.now()).reveal().toString()}`
  let status: number
  let statusText: string
  let text: string
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers,
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
      signal: AbortSignal.timeout(answerTimeoutMs),
    })
    ;({ status, statusText } = response)
    text = await response.text()
  } catch (thrown) {
    const cause = thrown instanceof Error && thrown.cause !== undefined ? thrown.cause : thrown
    throw new ClientError(`Post "${url}": dial tcp ${new URL(url).host}: ${goErrorText(cause)}`)
  }
  if (status !== 200) throw new ClientError(`${status} ${statusText}: ${text}`)
  const answer: unknown = JSON.parse(text)
  if (!isObject(answer)) throw new ClientError('invalid character')
  const { error, result } = answer
  if (isObject(error)) throw new ClientError(String(error['message']))
  return result
}
