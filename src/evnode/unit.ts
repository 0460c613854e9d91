import { type NodeCommand, nodeCommand } from './node-command.ts'
import { type DropIn, parseUnit } from './unit-file.ts'

export { flagOverrides, type NodeCommand, nodeCommand, passphraseFileIn } from './node-command.ts'
export { type DropIn, parseUnit, type Unit, unitList, unitValue } from './unit-file.ts'

/** The node's start in the text of a unit and its drop-ins. Throws EvhaError (blocked) where it is not the node itself. */
export function parseExecStart(unitText: string, dropIns: readonly DropIn[] = []): NodeCommand {
  return nodeCommand(parseUnit(unitText, dropIns))
}
