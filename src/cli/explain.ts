import { type Command, Option } from 'commander'
import { EvhaError } from '../base/errors.ts'
import { explainRun, explainState } from '../run/explain.ts'
import { widthOf } from '../ui/columns.ts'
import { explainText } from '../ui/explain-text.ts'
import { paletteOf, wantsColour } from '../ui/style.ts'
import { explain } from './help.ts'
import { jsonOf } from './json/schema.ts'
import type { Act } from './result.ts'

/** `evha explain [RUN]` */
export function addExplain(program: Command, act: Act): void {
  explain(program.command('explain'), 'what happens if the cable is pulled now, and what may be typed', [
    ['evha explain', 'the newest run, where it stands now'],
    ['evha explain --state gate.commit', 'a state that no run has come to yet; `evha graph` names them'],
    ['evha explain --json', 'the same for a program'],
  ])
    .argument('[run]', 'the id of a run (default: the newest)')
    .addOption(new Option('--state <state>', 'explain this state of a migration instead of a run'))
    .action((run: string | undefined, { state }: { state?: string }) =>
      act((shared) => {
        if (run !== undefined && state !== undefined) throw eitherOr()
        const told = state === undefined ? explainRun(shared.stateDir, run) : explainState(state)
        const palette = paletteOf(wantsColour(process.stdout, process.env, shared.color))
        return {
          exitCode: 0,
          json: jsonOf('explanation', told),
          text: explainText(told, palette, widthOf(process.stdout)),
        }
      }),
    )
}

function eitherOr(): EvhaError {
  return new EvhaError({
    kind: 'usage',
    message: 'a run and a state were named: a run is explained where it stands',
    changedAnything: 'no',
    retryable: false,
    hint: 'type `evha explain RUN`, or `evha explain --state STATE`',
  })
}
