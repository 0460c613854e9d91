import { hash } from 'node:crypto'
import { readConfig } from '../../evnode/config.ts'
import { readGenesis } from '../../evnode/genesis.ts'
import { permitDropInName } from '../../evnode/permit.ts'
import { flagOverrides, nodeCommand, parseUnit, type Unit } from '../../evnode/unit.ts'
import { must } from '../ask.ts'
import { readFile, readSecretFile } from '../host/files.ts'
import { readUnit, showUnit, type UnitState } from '../host/systemd.ts'
import { configPath, genesisPath } from '../host/unit-files.ts'
import type { Host, StepContext } from '../step.ts'

/** The live files of the source, read when they are needed and kept nowhere: the config may hold a token. */
export interface SourceFiles {
  readonly unitState: UnitState
  readonly unit: Unit
  readonly unitText: string
  readonly dropIns: readonly string[]
  readonly configText: string
  readonly genesisText: string
}

export async function readSourceFiles(context: StepContext, source: Host): Promise<SourceFiles> {
  const { spec } = source
  const unitState = readUnit(await must(context, source, showUnit(spec.unit)))
  const dropIns = unitState.dropIns.filter((path) => !path.endsWith(`/${permitDropInName}`))
  const [unitText, configText, genesisText, ...dropInTexts] = await Promise.all([
    must(context, source, readFile(unitState.fragmentPath)),
    must(context, source, readSecretFile(configPath(spec))),
    must(context, source, readFile(genesisPath(spec))),
    ...dropIns.map((path) => must(context, source, readFile(path))),
  ])
  const unit = parseUnit(
    `${unitText}\n`,
    dropIns.map((path, i) => ({ name: path.split('/').at(-1) ?? path, text: `${dropInTexts[i] ?? ''}\n` })),
  )
  return { unitState, unit, unitText: `${unitText}\n`, dropIns, configText: `${configText}\n`, genesisText }
}

/** The configuration as the running node has it: flags stand before the file. */
export function liveConfig(files: Pick<SourceFiles, 'unit' | 'configText'>) {
  return readConfig(files.configText, flagOverrides(nodeCommand(files.unit)))
}

export const genesisOf = (files: Pick<SourceFiles, 'genesisText'>) => readGenesis(files.genesisText)

export const sha256 = (text: string | Buffer) => hash('sha256', text)
