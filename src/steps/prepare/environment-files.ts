import { reads, script } from '../../base/command.ts'
import { environmentFiles } from '../../evnode/environment.ts'
import type { Unit } from '../../evnode/unit.ts'
import { must, onEach } from '../ask.ts'
import { digests, readDigests } from '../host/files.ts'
import type { Host, StepContext } from '../step.ts'
import { blocks, type Finding, warns } from './finding.ts'

/** What the live unit's environment files mean for the cluster. */
export interface EnvironmentLook {
  /** Names that the source's files set. */
  readonly names: readonly string[]
  readonly findings: readonly Finding[]
}

/**
 * Members get the unit of the source, with its EnvironmentFile= lines: each file must lie on every host. They may hold
 * secrets, so evha copies none of them; names and digests are all that leaves a host.
 */
export async function lookAtEnvironment(context: StepContext, unit: Unit): Promise<EnvironmentLook> {
  const files = environmentFiles(unit)
  const { source, nodes, peers } = context
  const unclear = files
    .filter(({ path }) => /[*?[%]/.test(path))
    .map(({ path }) =>
      blocks(
        source.spec.name,
        `the unit has EnvironmentFile=${path}, a pattern`,
        'evha must know which files the members need',
        'name each file on a line of its own',
        `systemctl cat ${source.spec.unit}`,
      ),
    )
  const plain = files.filter(({ path }) => !/[*?[%]/.test(path))
  if (plain.length === 0) return { names: [], findings: unclear }
  const paths = plain.map(({ path }) => path)
  const names = await must(context, source, environmentNames(paths))
  const found = await onEach(nodes, async (host) => readDigests(await must(context, host, digests(paths))))
  const here = found[source.spec.name] ?? new Map<string, string>()
  const findings = peers.flatMap((peer) =>
    plain.flatMap(({ path, optional }) => {
      const there = found[peer.spec.name]?.get(path)
      return finding(peer, source, { path, optional, here: here.get(path), there })
    }),
  )
  return { names: names.split('\n').filter(Boolean), findings: [...unclear, ...findings] }
}

interface Compared {
  readonly path: string
  readonly optional: boolean
  readonly here: string | undefined
  readonly there: string | undefined
}

function finding(peer: Host, source: Host, { path, optional, here, there }: Compared): Finding[] {
  const why = `the unit of ${source.spec.name} reads its environment from it, and so will the member's`
  const cure = `copy ${path} of ${source.spec.name} there, with its owner and mode`
  if (here === there) return []
  if (there === undefined) {
    const level = optional ? warns : blocks
    return [level(peer.spec.name, `${path} is not there`, why, cure, `sha256sum ${path} finds no file`)]
  }
  return [
    warns(
      peer.spec.name,
      `${path} is not the same as on ${source.spec.name}`,
      'the members would run with different settings',
      `compare the two; if they shall not differ, ${cure}`,
      `sha256 ${there.slice(0, 12)}… there, ${here === undefined ? 'none' : `${here.slice(0, 12)}…`} on ${source.spec.name}`,
    ),
  ]
}

/** Prints the names that files of `KEY=value` lines set, never a value. */
const environmentNames = (paths: readonly string[]) =>
  reads(
    'read the names in the environment files',
    script(
      `for file in "$@"; do
  if [ -f "$file" ]; then sed -nE 's/^[[:space:]]*(export[[:space:]]+)?([^#;=[:space:]]+)[[:space:]]*=.*/\\2/p' "$file"; fi
done`,
      ...paths,
    ),
  )
