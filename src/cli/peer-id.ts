import { readFileSync } from 'node:fs'
import type { Command } from 'commander'
import { EvhaError } from '../base/errors.ts'
import { peerIdOf } from '../evnode/peer-id.ts'
import { tellData, tellJson } from './output.ts'
import type { AddCommand } from './program.ts'
import { readShared } from './shared-options.ts'

export const addPeerId: AddCommand = (program, run) =>
  program
    .command('peer-id')
    .argument('<file>', 'node_key.json of a node')
    .description('the libp2p peer id of a node key, without a running node')
    .action((file: string, _options: unknown, command: Command) => {
      const shared = readShared(command.optsWithGlobals())
      return run(shared, async () => {
        const peerId = peerIdOf(readKey(file))
        if (shared.json) tellJson({ peerId })
        else tellData(`${peerId}\n`)
        return 0
      })
    })

function readKey(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    throw new EvhaError(
      {
        kind: 'usage',
        message: `${file} can not be read: ${cause instanceof Error ? cause.message : String(cause)}`,
        changedAnything: 'no',
        retryable: false,
        hint: 'give the path of a node_key.json, below HOME/config of a node',
      },
      { cause },
    )
  }
}
