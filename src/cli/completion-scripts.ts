/**
 * The shells' side of completion. Each passes the words typed so far to `conductor-diag complete`, as words and never as
 * a command line: what somebody has typed must not run because they asked for a completion. The generators that there
 * are put the words through `eval`.
 */

const BASH = `# conductor-diag completion for bash
_conductor_diag() {
  local answer value rest current="\${COMP_WORDS[COMP_CWORD]}"
  COMPREPLY=()
  answer="$(conductor-diag complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)" || return 0
  if [[ "$answer" == ':files' ]]; then
    compopt -o filenames 2>/dev/null
    while IFS= read -r value; do COMPREPLY+=("$value"); done < <(compgen -f -- "$current")
    return 0
  fi
  while IFS=$'\\t' read -r value rest; do
    [[ -n "$value" ]] && COMPREPLY+=("$value")
  done <<< "$answer"
}
complete -F _conductor_diag conductor-diag
`

const ZSH = `#compdef conductor-diag
# conductor-diag completion for zsh
_conductor_diag() {
  local -a answer described
  local line
  answer=("\${(@f)$(conductor-diag complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ "\${answer[1]}" == ':files' ]]; then
    _files
    return
  fi
  for line in "\${answer[@]}"; do
    [[ -n "$line" ]] && described+=("\${\${line//:/\\\\:}/$'\\t'/:}")
  done
  _describe 'conductor-diag' described
}
if [[ "\${funcstack[1]}" == '_conductor_diag' ]]; then
  _conductor_diag "$@"
else
  compdef _conductor_diag conductor-diag
fi
`

const FISH = `# conductor-diag completion for fish
function __conductor_diag_complete
  set -l words (commandline -opc)
  set -l current (commandline -ct)
  set -l answer (conductor-diag complete -- $words[2..-1] "$current" 2>/dev/null)
  if test "$answer[1]" = ':files'
    __fish_complete_path "$current"
  else
    printf '%s\\n' $answer
  end
end
complete -c conductor-diag -f -a '(__conductor_diag_complete)'
`

export const SHELL_SCRIPTS = { bash: BASH, zsh: ZSH, fish: FISH } as const
