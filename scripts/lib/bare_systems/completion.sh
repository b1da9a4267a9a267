# Loads the completions in the file $1 as bash does, and prints what `needletail pre` can become.
source "$1"
complete -p needletail >/dev/null || exit 1
COMP_WORDS=(needletail pre) COMP_CWORD=1 COMP_LINE='needletail pre' COMP_POINT=14 COMP_TYPE=9 COMP_KEY=9
handler=$(complete -p needletail | sed 's/.*-F \([^ ]*\) .*/\1/')
"$handler" needletail pre needletail
echo "${COMPREPLY[*]}"
