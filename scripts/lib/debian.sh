# shellcheck shell=bash
# Bare systems of Debian, made by debootstrap. Sourced, after lib/setup.sh:
#
#   require_debootstrap
#   make_debian bookworm 12 FOLDER [PACKAGE...]
#
# A system is made at most once. `remove_partial` belongs into the script's clean-up.

debian_partial=""

remove_partial() { [ -z "$debian_partial" ] || as_root rm -rf --one-file-system "$debian_partial"; }

require_debootstrap() {
  if PATH="$PATH:/usr/sbin" command -v debootstrap >/dev/null; then return 0; fi
  say "installing debootstrap"
  quietly as_root apt-get update -qq || fail "apt-get update failed (is there a network?)"
  quietly as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -qq --no-install-recommends debootstrap \
    || fail "apt-get could not install debootstrap; install it by hand"
}

# The mirror of Debian that apt takes its packages from.
debian_mirror() {
  if [ -n "${DEBIAN_MIRROR-}" ]; then
    echo "$DEBIAN_MIRROR"
  else
    apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 2>/dev/null \
      | grep '/debian/*$' | head -n 1
  fi
}

# Makes Debian $2, called $1, in the folder $3, with the packages $4..., unless it is there. Mounts are
# made in a namespace, and so end with it, whatever happens.
make_debian() {
  local codename=$1 release=$2 folder=$3 from packages
  shift 3
  if [ -d "$folder" ]; then return 0; fi
  from=$(debian_mirror) || true
  [ -n "$from" ] || fail "apt names no mirror of Debian; name one in DEBIAN_MIRROR"
  packages=$(IFS=, && echo "$*")
  say "making a bare Debian $release in ${folder#"$root"/} (a minute or two, once)"
  mkdir -p "$(dirname "$folder")"
  debian_partial=$folder.partial
  remove_partial
  quietly as_root unshare --mount env PATH="$PATH:/usr/sbin:/sbin" \
    debootstrap --variant=minbase ${packages:+"--include=$packages"} "$codename" "$debian_partial" "$from" \
    || fail "debootstrap failed (is there a network, and has the mirror $codename?)"
  as_root mv "$debian_partial" "$folder"
  debian_partial=""
}
