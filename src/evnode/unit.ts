export {
  flagOverrides,
  homeOfStart,
  isNodeStart,
  type NodeCommand,
  nodeCommand,
  passphraseFileIn,
} from './node-command.ts'
export { type DropIn, parseUnit, type Unit, unitList, unitValue } from './unit-file.ts'
