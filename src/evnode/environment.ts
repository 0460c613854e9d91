import { environmentValue, execWords, plainValue } from './exec-start.ts'
import { type Unit, unitList } from './unit-file.ts'

/** Names that hide a whole section of evnode.yaml from the node (evnode.md B 1.3). */
const sections = ['DA', 'NODE', 'RAFT', 'P2P', 'LOG', 'RPC', 'SIGNER', 'PRUNING', 'INSTRUMENTATION']
/** Names that keep the node from starting (evnode.md B 1.3). */
const stoppers = ['DB_PATH', 'CLEAR_CACHE']

export interface DangerousName {
  readonly name: string
  readonly why: string
}

/** Which names of environment variables spoil the node's configuration. */
export function dangerousNames(names: readonly string[]): readonly DangerousName[] {
  return names.flatMap((name) => {
    if (sections.includes(name)) {
      return {
        name,
        why: `it hides the whole section ${name.toLowerCase()} of evnode.yaml, and defaults take its place`,
      }
    }
    if (stoppers.includes(name) || name.includes('.'))
      return { name, why: 'the node refuses to start while it is set' }
    return []
  })
}

/** Names a unit itself sets: Environment= and PassEnvironment=. */
export function unitEnvironment(unit: Unit): readonly string[] {
  const assigned = unitList(unit, 'Service', 'Environment').flatMap((line) =>
    execWords(line).map((word) => plainValue(word).split('=')[0] ?? ''),
  )
  const passed = unitList(unit, 'Service', 'PassEnvironment').flatMap((line) => line.split(/\s+/))
  return [...assigned, ...passed].filter((name) => name !== '')
}

/** Files from which systemd reads more names; an optional one may be absent. */
export function environmentFiles(
  unit: Unit,
): readonly { readonly path: string; readonly optional: boolean }[] {
  return unitList(unit, 'Service', 'EnvironmentFile').map((value) => ({
    path: value.replace(/^-/, ''),
    optional: value.startsWith('-'),
  }))
}

/** What Environment= sets, as a file for EnvironmentFile= (systemd.exec(5): `\\`, `"`, `` ` `` and `$` are escaped in double quotes). */
export function environmentText(unit: Unit): string {
  return unitList(unit, 'Service', 'Environment')
    .flatMap((line) => execWords(line).map(environmentValue))
    .filter((assigned) => assigned.includes('='))
    .map((assigned) => {
      const at = assigned.indexOf('=')
      return `${assigned.slice(0, at)}="${assigned.slice(at + 1).replaceAll(/[\\"`$]/g, '\\$&')}"\n`
    })
    .join('')
}
