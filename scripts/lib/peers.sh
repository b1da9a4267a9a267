# The third Python environment: the real Triton and its clients, which the tests speak with. Sourced
# after lib/setup.sh:
#
#   require_peers
#
# makes .venv-peers with Tests/Triton/requirements.txt (0.4 GB), at most once, and exports
# NEEDLETAIL_PEERS, its Python. Without the processor or Python that the package is made for it says so
# and leaves the variable empty; the tests then print what they do not try.

require_peers() {
  local why=""
  export NEEDLETAIL_PEERS=
  [ "$(uname -sm)" = "Linux x86_64" ] || why="this is $(uname -sm), and it is made for Linux x86_64"
  python3 -c 'import sys; sys.exit(not (3, 8) <= sys.version_info < (3, 14))' \
    || why="$(python3 --version) is outside 3.8 to 3.13"
  if [ -n "$why" ]; then
    say "the real Triton is not installed: $why"
    return 0
  fi
  make_environment "$root/.venv-peers" "$root/Tests/Triton/requirements.txt"
  require_shared_python
  NEEDLETAIL_PEERS="$root/.venv-peers/bin/python"
}

# Triton's Python backend loads libpython, which Debian has in a package of its own.
require_shared_python() {
  local library folder
  library=$(python3 -c 'import sys; print("libpython%d.%d.so.1.0" % sys.version_info[:2])')
  folder=$(python3 -c 'import sysconfig; print(sysconfig.get_config_var("LIBDIR"))')
  if [ -e "$folder/$library" ] || has_library "$library"; then return 0; fi
  local package=${library%.so.1.0}
  say "installing $package, which Triton's Python backend loads"
  command -v apt-get >/dev/null || fail "$library is missing; install a Python with a shared library"
  { quietly as_root apt-get update -qq \
    && quietly as_root env DEBIAN_FRONTEND=noninteractive \
      apt-get install -y -qq --no-install-recommends "$package"; } \
    || fail "apt-get could not install $package; install it by hand"
}
