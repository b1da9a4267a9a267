#!/usr/bin/env bash
# Creates a Databricks cluster from one of the specifications beside this script, with Needletail on each node.
#
#   databricks/create-cluster.sh [--dry-run] SPECIFICATION.json /Volumes/CATALOG/SCHEMA/VOLUME TARBALL
#
# It puts the tarball of scripts/package and the init script into the volume, fills their places and the
# tarball's SHA-256 into the specification, and creates the cluster with Databricks' own command. --dry-run
# prints the commands and the specification instead. Node types and runtime are the specification's: edit it.
set -euo pipefail

fail() {
  printf 'create-cluster.sh: %s\n' "$*" >&2
  exit 1
}

dry=false
if [ "${1:-}" = --dry-run ]; then
  dry=true
  shift
fi
case ${1:-} in
  -h | --help)
    sed -n '2,/^set /{/^set /!s/^# \{0,1\}//p;}' "${BASH_SOURCE[0]}"
    exit
    ;;
esac
[ "$#" -eq 3 ] || fail "usage: create-cluster.sh [--dry-run] SPECIFICATION.json /Volumes/... TARBALL"
specification=$1 volume=${2%/} tarball=$3
[ -f "$specification" ] || fail "there is no $specification"
[[ $volume =~ ^/Volumes(/[A-Za-z0-9_.-]+){3,}$ ]] \
  || fail "'$volume' is no folder of a volume, /Volumes/CATALOG/SCHEMA/VOLUME"
[ -f "$tarball" ] || fail "there is no $tarball; \`scripts/package --only tarball\` makes it"
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
name=$(basename "$tarball")
[[ $name =~ ^[A-Za-z0-9_.-]+$ ]] || fail "the tarball's name, $name, has characters that a URL has not"
sum=$(sha256sum "$tarball" | cut -d ' ' -f 1)

run() {
  if [ "$dry" = true ]; then
    printf '%q ' "$@"
    echo
  else
    "$@"
  fi
}

filled=$(sed -e "s|@VOLUME@|$volume|; s|@TARBALL@|$name|; s|@SHA256@|$sum|" "$specification")
run databricks fs cp --overwrite "$tarball" "dbfs:$volume/$name"
run databricks fs cp --overwrite "$here/install-needletail.sh" "dbfs:$volume/install-needletail.sh"
if [ "$dry" = true ]; then
  echo "databricks clusters create --json:"
  echo "$filled"
else
  databricks clusters create --json "$filled"
fi
