import type { Values } from '../command-tree.ts'
import { namesOf, type Place, single } from './places.ts'

/** The completion script for zsh. */
export function zshCompletion(places: readonly Place[]): string {
  return `#compdef evha
# zsh completion for evha. Made by \`evha completion zsh\`.
_evha() {
  local at='' word skip='' cur state taken=0 i
  local -a commands options values arguments
  state="\${XDG_STATE_HOME:-$HOME/.local/state}/evha"
  cur="\${words[CURRENT]}"
  for ((i = 2; i < CURRENT; i++)); do
    word="\${words[i]}"
    if [[ -n $skip ]]; then
      [[ $skip == --state-dir ]] && state="$word"
      skip=''
      continue
    fi
    if [[ $word == --state-dir=* ]]; then state="\${word#*=}"; fi
    if _evha_wants "$at" "$word"; then skip="$word"; continue; fi
    [[ $word == -* ]] && continue
    if _evha_at "\${at:+$at }$word"; then at="\${at:+$at }$word"; else ((taken++)); fi
  done
  _evha_at "$at"
  if [[ -z $skip && $cur == --*=* ]] && _evha_wants "$at" "\${cur%%=*}"; then
    compset -P '*='
    skip="\${cur%%=*}"
  fi
  if [[ -n $skip ]]; then _evha_wants "$at" "$skip"
  elif [[ $cur == -* ]]; then _describe option options; return
  elif (( $#commands )); then _describe command commands; return
  else values=(\${=arguments[taken + 1]})
  fi
  case "\${values[1]}" in
    words) compadd -- "\${(@)values[2,-1]}" ;;
    confirm) compadd -S '' -- "\${(@)values[2,-1]}" ;;
    runs) compadd -- "$state"/runs/*(N:t) ;;
    files) _files ;;
    directories) _files -/ ;;
  esac
}
# Sets what may stand after the command $1; fails when there is no such command.
_evha_at() {
  case "$1" in
${places.map(placeLines).join('\n')}
    (*) return 1 ;;
  esac
}
# Sets the values of the option $2 of the command $1; fails when it takes none.
_evha_wants() {
  case "$1|$2" in
${places.flatMap(optionLines).join('\n')}
    (*) return 1 ;;
  esac
}
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then _evha "$@"; else compdef _evha evha; fi
`
}

function placeLines(place: Place): string {
  const commands = place.commands.map(({ name, summary }) => described(name, summary))
  const options = place.options.map(({ long, summary }) => described(long, summary))
  const values = place.arguments.map((one) => single(told(one)))
  return `    (${single(place.path)}) commands=(${commands.join(' ')}) options=(${options.join(' ')}) arguments=(${values.join(' ')}) ;;`
}

function optionLines(place: Place): string[] {
  return place.options.flatMap((option) => {
    const { value } = option
    if (value === null) return []
    const names = namesOf(option).map((name) => `(${single(`${place.path}|${name}`)}) `)
    return names.map((name) => `    ${name}values=(${told(value.values)}) ;;`)
  })
}

/** `name:what it is`; a colon in the name would end it. */
const described = (name: string, summary: string) => single(`${name.replaceAll(':', '\\:')}:${summary}`)

const told = (values: Values) =>
  values.kind === 'words' || values.kind === 'confirm'
    ? `${values.kind} ${values.words.join(' ')}`
    : values.kind
