/** The scripts only ask `wharf completion __words`, so they never know less than the installed version. */
export const completionScripts: Readonly<Record<string, string>> = {
  bash: `# wharf completion for bash
_wharf() {
  local cur words
  cur="\${COMP_WORDS[COMP_CWORD]}"
  words=("\${COMP_WORDS[@]:1:COMP_CWORD}")
  local IFS=$'\\n'
  COMPREPLY=($(compgen -W "$(wharf completion __words "\${words[@]}" 2>/dev/null)" -- "$cur"))
  [[ \${#COMPREPLY[@]} -eq 0 ]] && compopt -o default
}
complete -F _wharf wharf
`,
  zsh: `#compdef wharf
_wharf() {
  local -a found
  found=("\${(@f)$(wharf completion __words "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ -n "\${found[1]}" ]]; then compadd -a found; else _files; fi
}
compdef _wharf wharf
`,
  fish: `# wharf completion for fish
complete -c wharf -f -a '(wharf completion __words (commandline -opc)[2..-1] (commandline -ct) 2>/dev/null)'
`,
};
