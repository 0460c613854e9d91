import { Argument, type Command } from 'commander'
import { treeOf } from './command-tree.ts'
import { bashCompletion } from './completion/bash.ts'
import { fishCompletion } from './completion/fish.ts'
import { type Place, placesOf } from './completion/places.ts'
import { zshCompletion } from './completion/zsh.ts'
import { explain } from './help.ts'
import { jsonOf } from './json/schema.ts'
import type { Act } from './result.ts'

const shells = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion } as const satisfies Readonly<
  Record<string, (places: readonly Place[]) => string>
>
type Shell = keyof typeof shells

/** `evha completion SHELL` */
export function addCompletion(program: Command, act: Act): void {
  explain(
    program.command('completion'),
    'a script that lets your shell complete commands, options and runs',
    [
      ['source <(evha completion bash)', 'in ~/.bashrc'],
      ['evha completion zsh > ~/.zfunc/_evha', 'a directory of $fpath'],
      ['evha completion fish > ~/.config/fish/completions/evha.fish', ''],
    ],
  )
    .addArgument(new Argument('<shell>', 'which shell').choices(Object.keys(shells)))
    .action((shell: Shell) =>
      act(() => {
        const script = shells[shell](placesOf(treeOf(program)))
        return { exitCode: 0, json: jsonOf('completion', { shell, script }), text: script }
      }),
    )
}
