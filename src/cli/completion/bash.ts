import type { Values } from '../command-tree.ts'
import { namesOf, type Place, single } from './places.ts'

/** The completion script for bash, from 3.2 (macOS) on. */
export function bashCompletion(places: readonly Place[]): string {
  return `# bash completion for evha. Made by \`evha completion bash\`.
_evha() {
  local cur prev word path='' taken=0 i skip='' values='' commands='' options='' arguments=''
  local state="\${XDG_STATE_HOME:-$HOME/.local/state}/evha"
  COMPREPLY=()
  cur="\${COMP_WORDS[COMP_CWORD]}"
  prev=''
  # bash cuts words at =, so that --option=value comes as three.
  for ((i = 1; i < COMP_CWORD; i++)); do
    word="\${COMP_WORDS[i]}"
    if [ "$word" = '=' ]; then continue; fi
    prev="$word"
    if [ -n "$skip" ]; then
      if [ "$skip" = --state-dir ]; then state="$word"; fi
      skip=''
      # The rest of a value that has a = in it.
      if [ "\${COMP_WORDS[i + 1]:-}" = '=' ] && [ $((i + 1)) -lt "$COMP_CWORD" ]; then skip=value; fi
      continue
    fi
    if _evha_wants "$path" "$word"; then skip="$word"; continue; fi
    case "$word" in
      -*) ;;
      *) if _evha_at "$path\${path:+ }$word"; then path="$path\${path:+ }$word"; else taken=$((taken + 1)); fi ;;
    esac
  done
  if [ "$cur" = '=' ]; then cur=''; fi
  _evha_at "$path"
  if [ -n "$skip" ] && _evha_wants "$path" "$skip"; then :
  elif [ -n "$skip" ]; then return
  else case "$cur" in
    -*) values="words $options" ;;
    *) values=$(printf '%s\\n' "$arguments" | sed -n "$((taken + 1))p")
       if [ -n "$commands" ]; then values="words $commands"; fi ;;
  esac; fi
  local IFS=$'\\n'
  case "$values" in
    words\\ *) COMPREPLY=($(compgen -W "$(printf '%s\\n' "\${values#words }" | tr ' ' '\\n')" -- "$cur")) ;;
    confirm\\ *) COMPREPLY=($(compgen -W "$(printf '%s\\n' "\${values#confirm }" | tr ' ' '\\n')" -- "$cur"))
      compopt -o nospace 2>/dev/null || : ;;
    runs) COMPREPLY=($(compgen -W "$(command ls -- "$state/runs" 2>/dev/null)" -- "$cur")) ;;
    files) COMPREPLY=($(compgen -f -- "$cur")); compopt -o filenames 2>/dev/null || : ;;
    directories) COMPREPLY=($(compgen -d -- "$cur")); compopt -o filenames 2>/dev/null || : ;;
  esac
}
# Sets what may stand after the command $1; fails when there is no such command.
_evha_at() {
  case "$1" in
${places.map(placeLines).join('\n')}
    *) return 1 ;;
  esac
}
# Sets the values of the option $2 of the command $1; fails when it takes none.
_evha_wants() {
  case "$1|$2" in
${places.flatMap(optionLines).join('\n')}
    *) return 1 ;;
  esac
}
complete -F _evha evha
`
}

function placeLines(place: Place): string {
  const commands = place.commands.map(({ name }) => name).join(' ')
  const options = place.options.map(({ long }) => long).join(' ')
  const values = place.arguments.map(told).join('\n')
  return `    ${single(place.path)}) commands=${single(commands)} options=${single(options)} arguments=${single(values)} ;;`
}

function optionLines(place: Place): string[] {
  return place.options.flatMap((option) => {
    if (option.value === null) return []
    const names = namesOf(option).map((name) => single(`${place.path}|${name}`))
    return [`    ${names.join(' | ')}) values=${single(told(option.value.values))} ;;`]
  })
}

const told = (values: Values) =>
  values.kind === 'words' || values.kind === 'confirm'
    ? `${values.kind} ${values.words.join(' ')}`
    : values.kind
