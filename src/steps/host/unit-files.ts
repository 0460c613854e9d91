import { fileNames, homeFiles } from '../../evnode/home.ts'
import { permitDropInName } from '../../evnode/permit.ts'
import type { NodeSpec } from '../../runbook/load.ts'
import { fact, type StepContext } from '../step.ts'

/** Where evha lays the unit of a host, its drop-in, and what it keeps beside them. */
export const unitPath = (spec: NodeSpec) => `${spec.paths.units}/${spec.unit}`
export const permitDropInPath = (spec: NodeSpec) => `${spec.paths.units}/${spec.unit}.d/${permitDropInName}`
export const configPath = (spec: NodeSpec) => homeFiles(spec.home).config
export const genesisPath = (spec: NodeSpec) => homeFiles(spec.home).genesis
export const signerPath = (spec: NodeSpec) => homeFiles(spec.home).signer
export const nodeKeyPath = (spec: NodeSpec) => homeFiles(spec.home).nodeKey

/** Staged beside the live files of the source, swapped in only after commit. */
export const staged = (spec: NodeSpec) => ({
  unit: `${spec.paths.evha}/staged/unit`,
  config: `${spec.paths.evha}/staged/${fileNames.config}`,
  dropIn: `${spec.paths.evha}/staged/drop-in`,
})

/** The source's old files, kept where systemd never loads them. */
export const kept = (spec: NodeSpec) => ({
  unit: `${spec.paths.evha}/old/${spec.unit}.txt`,
  config: `${spec.paths.evha}/old/${fileNames.config}`,
})

/** What must be unchanged when the source goes on alone: its config and unit, with the digests that check saw. */
export function sourceFilesSeen(context: StepContext): { readonly path: string; readonly sha256: string }[] {
  const { sourceConfigSha256, sourceUnitFile, sourceUnitSha256 } = fact(context, 'check')
  return [
    { path: configPath(context.source.spec), sha256: sourceConfigSha256 },
    { path: sourceUnitFile, sha256: sourceUnitSha256 },
  ]
}
