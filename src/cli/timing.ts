import type { Command } from 'commander'
import { EvhaError } from '../base/errors.ts'
import { timingSettings } from '../evnode/raft-changes.ts'
import { timingFor } from '../evnode/timing.ts'
import { explain } from './help.ts'
import { jsonOf } from './json/schema.ts'
import type { Act } from './result.ts'

/** A round trip beyond this is no link between the members of one cluster. */
const rttMsMax = 10_000

/** `evha timing --rtt MS` */
export function addTiming(program: Command, act: Act): void {
  explain(program.command('timing'), "Raft's timeouts for the largest round trip between two nodes", [
    ['evha timing --rtt 23', 'the settings for evnode.yaml, and why these'],
  ])
    .requiredOption('--rtt <ms>', 'the largest average round trip of all ordered pairs of nodes, in ms')
    .action(({ rtt }: { rtt: string }) =>
      act(() => {
        const { because, ...timing } = timingFor(milliseconds(rtt))
        const settings = timingSettings(timing)
        const lines = Object.entries(settings).map(([name, value]) => `${name}: ${value}`)
        return {
          exitCode: 0,
          json: jsonOf('timing', { ...timing, settings, because }),
          text: `${lines.join('\n')}\n`,
          last: [because],
        }
      }),
    )
}

function milliseconds(text: string): number {
  const ms = Number(text)
  if (text.trim() !== '' && ms >= 0 && ms <= rttMsMax) return ms
  throw new EvhaError({
    kind: 'usage',
    message: `--rtt ${text} is no round trip in milliseconds`,
    changedAnything: 'no',
    retryable: false,
    hint: `give a number from 0 to ${rttMsMax}, as \`ping\` prints it: --rtt 23.4`,
  })
}
