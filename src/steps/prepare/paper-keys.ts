import { createHash } from 'node:crypto'
import { peerIdOfPublicKey } from '../../evnode/peer-id.ts'

/** A key of the right length for a node that has none yet, so that a dry run can show the files with a peer id in it. */
const paperKey = (name: string) => createHash('sha256').update(`evha, on paper: ${name}`).digest()

/** Public node keys, base64, by node name: a paper key wherever there is none ('') yet. */
export function withPaperKeys(keys: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(keys).map(([name, key]) => [name, key === '' ? paperKey(name).toString('base64') : key]),
  )
}

/** The changed lines of each node's config, with the name of the node instead of each peer id that is none yet. */
export function withoutPaperIds(
  diff: Readonly<Record<string, readonly string[]>>,
): Record<string, readonly string[]> {
  const ids = Object.keys(diff).map((name) => [name, peerIdOfPublicKey(paperKey(name))] as const)
  const named = (line: string) =>
    ids.reduce((text, [name, id]) => text.replaceAll(id, `<peer id of ${name}>`), line)
  return Object.fromEntries(Object.entries(diff).map(([name, lines]) => [name, lines.map(named)]))
}
