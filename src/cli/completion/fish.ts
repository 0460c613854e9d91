import type { OptionShape, Values } from '../command-tree.ts'
import { namesOf, type Place } from './places.ts'

/** The completion script for fish. */
export function fishCompletion(places: readonly Place[]): string {
  return `# fish completion for evha. Made by \`evha completion fish\`.
# The command typed so far, without options and their values; fails unless it is $argv[1] with $argv[2] arguments behind.
function __evha_at
    set -l at
    set -l taken 0
    set -l skip 0
    for word in (commandline -opc)[2..-1]
        if test $skip = 1
            set skip 0
        else if contains -- "$at|$word" ${valued(places)}
            set skip 1
        else if string match -q -- '-*' "$word"
            continue
        else if contains -- (string trim -- "$at $word") ${places.flatMap(({ path }) => (path === '' ? [] : [quoted(path)])).join(' ')}
            set at (string trim -- "$at $word")
        else
            set taken (math $taken + 1)
        end
    end
    test "$at" = "$argv[1]"; or return 1
    test (count $argv) -lt 2; or test $taken = $argv[2]
end
function __evha_runs
    set -l state $HOME/.local/state/evha
    set -q XDG_STATE_HOME; and set state $XDG_STATE_HOME/evha
    set -l words (commandline -opc)
    set -l given (contains -i -- --state-dir $words); and set state $words[(math $given + 1)]
    command ls -- $state/runs 2>/dev/null
end
complete -c evha -f
${places.flatMap(placeLines).join('\n')}
`
}

function placeLines(place: Place): string[] {
  const at = `-n ${quoted(`__evha_at ${quoted(place.path)}`)}`
  const first = `-n ${quoted(`__evha_at ${quoted(place.path)} 0`)}`
  return [
    ...place.commands.map(
      ({ name, summary }) => `complete -c evha ${first} -a ${name} -d ${quoted(summary)}`,
    ),
    ...place.options.map(
      (option) => `complete -c evha ${at} ${optionWords(option)} -d ${quoted(option.summary)}`,
    ),
    ...place.arguments.flatMap((values, i) => {
      const words = valueWords(values)
      return words === ''
        ? []
        : [`complete -c evha -n ${quoted(`__evha_at ${quoted(place.path)} ${i}`)} ${words}`]
    }),
  ]
}

function optionWords({ short, long, value }: OptionShape): string {
  const names = [...(short === null ? [] : [`-s ${short.slice(1)}`]), `-l ${long.slice(2)}`]
  return [
    ...names,
    ...(value === null ? [] : [value.values.kind === 'files' ? '-r' : '-x', valueWords(value.values)]),
  ]
    .join(' ')
    .trimEnd()
}

function valueWords(values: Values): string {
  switch (values.kind) {
    case 'words':
    case 'confirm':
      return `-a ${quoted(values.words.join(' '))}`
    case 'runs':
      return "-a '(__evha_runs)'"
    case 'files':
      return '-F'
    case 'directories':
      return "-a '(__fish_complete_directories)'"
    case 'anything':
      return ''
  }
}

/** Options that take a value, with the command they stand at. */
const valued = (places: readonly Place[]) =>
  places
    .flatMap((place) =>
      place.options.flatMap((option) =>
        option.value === null ? [] : namesOf(option).map((name) => quoted(`${place.path}|${name}`)),
      ),
    )
    .join(' ')

/** In fish a backslash and a quote stand escaped inside single quotes. */
const quoted = (text: string) => `'${text.replace(/[\\']/g, (sign) => `\\${sign}`)}'`
