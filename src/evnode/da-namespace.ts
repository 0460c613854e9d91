import { createHash } from 'node:crypto'

/**
 * The 29 bytes (hex, without 0x) that the node makes of a `da.namespace`: version 0, 18 zero bytes, then ten bytes of
 * the name's sha256. The running node tells the same by GetNamespace (evnode.md B 5.1; seen in recorded pairs).
 */
export function namespaceHexOf(name: string): string {
  return '00'.repeat(19) + createHash('sha256').update(name).digest('hex').slice(0, 20)
}
