import { type CommandShape, everyCommand, type OptionShape, type Values } from '../command-tree.ts'

/** What may be typed once the words of a command are there. */
export interface Place {
  /** The command's words joined by a space; empty for evha itself. */
  readonly path: string
  readonly commands: readonly { readonly name: string; readonly summary: string }[]
  /** Its own and those of every command. */
  readonly options: readonly OptionShape[]
  /** What its arguments may be, in order. */
  readonly arguments: readonly Values[]
}

/** Options of evha itself that no command takes. */
const onlyAlone = ['--version']

/** Every place of a command line, from the tree. */
export function placesOf(tree: CommandShape): Place[] {
  const shared = tree.options.filter(({ long }) => !onlyAlone.includes(long))
  return everyCommand(tree).map((command) => {
    const own = command.options
    const known = new Set(own.map(({ long }) => long))
    return {
      path: command.path.join(' '),
      commands: command.commands.map(({ path, summary }) => ({ name: path.at(-1) ?? '', summary })),
      options: [...own, ...shared.filter(({ long }) => !known.has(long))],
      arguments: command.arguments.map(({ values }) => values),
    }
  })
}

/** `--html`, or `-v` and `--verbose` */
export const namesOf = ({ short, long }: OptionShape): string[] => (short === null ? [long] : [short, long])

/** A word for the shells, in single quotes. */
export const single = (word: string): string => `'${word.replaceAll("'", `'\\''`)}'`
