import { EvhaError } from '../base/errors.ts'
import { type Proof, prove } from '../machine/proof/prove.ts'
import type { LoadedRunbook } from '../runbook/load.ts'

/**
 * Before a run on hosts that are not marked `staging: true` the machine is searched once more, for a cluster of this
 * size. Throws EvhaError 'blocked' with the first unsafe path; nothing was connected by then.
 */
export function refuseUnproved(
  runbook: Pick<LoadedRunbook, 'staging' | 'nodes'>,
  search: (nodes: readonly number[]) => Proof = prove,
): void {
  if (runbook.staging) return
  const { machines } = search([runbook.nodes.length])
  const [finding] = machines.flatMap((machine) => machine.findings)
  if (finding === undefined) return
  throw new EvhaError({
    kind: 'blocked',
    message: `this evha is not safe to run: ${finding.says}`,
    changedAnything: 'no',
    retryable: false,
    hint: '`evha prove` shows the path; take another version of evha',
  })
}
