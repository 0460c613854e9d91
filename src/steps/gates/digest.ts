import { createHash } from 'node:crypto'
import { raftMembers } from '../host/members.ts'
import type { StepContext } from '../step.ts'

/** Digest of the named fields an approval is bound to: when one of them changes, the approval is void. */
export function boundDigest(fields: Readonly<Record<string, unknown>>): string {
  const sorted = Object.entries(fields).sort(([a], [b]) => a.localeCompare(b))
  return createHash('sha256').update(JSON.stringify(sorted)).digest('hex')
}

/** What every approval is bound to: plan, config, binaries, members, budget (design: rules of the engine). */
export function planFields(context: StepContext): Record<string, unknown> {
  const { runbook, facts } = context
  return {
    runbook: runbook.digest,
    binary: facts.check?.binarySha256,
    genesis: facts.check?.genesisSha256,
    sourceConfig: facts.check?.sourceConfigSha256,
    configs: facts.preparePeers?.configSha256,
    units: facts.preparePeers?.unitSha256,
    signer: facts.copySigner?.sha256,
    members: raftMembers(runbook),
    budgetSeconds: runbook.window.budgetSeconds,
  }
}
