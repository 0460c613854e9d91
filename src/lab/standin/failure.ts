/** An end of the stand-in in the node's own words: `Error: …`, usage, and the words again, exit 1 (evnode.md B 7.2). */
export class NodeFailure extends Error {
  override readonly name = 'NodeFailure'
}

/** The same failure with what was being done before it, as Go's errors are wrapped. Throws NodeFailure. */
export async function doing<T>(what: string, work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (thrown) {
    throw new NodeFailure(`${what}: ${thrown instanceof Error ? thrown.message : String(thrown)}`)
  }
}

/** The text of a system error as Go writes it, for those that occur here. */
export function goErrorText(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  return goTexts[code] ?? (error instanceof Error ? error.message : String(error))
}

const goTexts: Readonly<Record<string, string>> = {
  EADDRINUSE: 'bind: address already in use',
  EADDRNOTAVAIL: 'bind: cannot assign requested address',
  EACCES: 'permission denied',
  ECONNREFUSED: 'connect: connection refused',
  ECONNRESET: 'read: connection reset by peer',
  EHOSTUNREACH: 'connect: no route to host',
  ENETUNREACH: 'connect: network is unreachable',
  ENOENT: 'no such file or directory',
  ETIMEDOUT: 'i/o timeout',
}
