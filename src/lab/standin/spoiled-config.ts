import { configDocument } from '../../evnode/config-text.ts'
import { NodeFailure } from './failure.ts'

const sections = ['DA', 'NODE', 'RAFT', 'P2P', 'LOG', 'RPC', 'SIGNER', 'PRUNING', 'INSTRUMENTATION']
/** Settings whose variables the node wants to hand on to flags that do not exist. */
const unbound = ['DB_PATH', 'CLEAR_CACHE']
const program = 'TESTAPP_'

/**
 * evnode.yaml as a node sees it under these environment variables: one with the name of a section hides all of it, one
 * with the name of a setting ends the start (evnode.md B 1.3). Throws NodeFailure.
 */
export function seenThrough(names: readonly string[], yaml: string): string {
  for (const name of names) {
    const dotted = name.startsWith(program) && name.includes('.') ? name.slice(program.length) : undefined
    const setting = unbound.includes(name) ? name : dotted
    if (setting !== undefined)
      throw new NodeFailure(
        `failed to load node config: bindFlags failed: no such flag -${setting.toLowerCase()}`,
      )
  }
  const hidden = sections.filter((section) => names.includes(section))
  if (hidden.length === 0) return yaml
  const document = configDocument(yaml)
  for (const section of hidden) document.delete(section.toLowerCase())
  return document.toString()
}
