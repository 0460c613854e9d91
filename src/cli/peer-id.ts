import { readFileSync, statSync } from 'node:fs'
import type { Command } from 'commander'
import { EvhaError } from '../base/errors.ts'
import { peerIdOf } from '../evnode/peer-id.ts'
import { explain } from './help.ts'
import { jsonOf } from './json/schema.ts'
import type { Act } from './result.ts'

/** A node_key.json has some 200 bytes; what is larger is another file. */
const bytesMax = 64 * 1024

/** `evha peer-id FILE` */
export function addPeerId(program: Command, act: Act): void {
  explain(program.command('peer-id'), "the libp2p peer id in a node's node_key.json", [
    ['evha peer-id config/node_key.json', 'prints the id alone'],
  ])
    .argument('<file>', 'a node_key.json')
    .action((file: string) =>
      act(() => {
        const peerId = peerIdOf(readKeyFile(file), file)
        return { exitCode: 0, json: jsonOf('peerId', { peerId }), text: `${peerId}\n` }
      }),
    )
}

function readKeyFile(path: string): string {
  try {
    if (statSync(path).size > bytesMax) throw usage(`${path} is too large to be a node_key.json`)
    return readFileSync(path, 'utf8')
  } catch (cause) {
    if (cause instanceof EvhaError) throw cause
    const code = (cause as NodeJS.ErrnoException).code
    throw usage(`${path} cannot be read: ${code === 'ENOENT' ? 'there is no such file' : String(code)}`)
  }
}

function usage(message: string): EvhaError {
  return new EvhaError({
    kind: 'usage',
    message,
    changedAnything: 'no',
    retryable: false,
    hint: 'give the path of config/node_key.json in the home of a node',
  })
}
