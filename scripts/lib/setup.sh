# The set-up that the scripts share. Sourced, with `set -euo pipefail` in force:
#
#   source "$(dirname "${BASH_SOURCE[0]}")/lib/setup.sh"
#   require_swift; require_system; require_python; require_files_plugin
#
# Everything is done at most once: a second run finds it done. Nothing asks a question. Progress
# goes to stderr as lines that begin with "==> ", so that stdout is the script's own.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
python="$root/.venv/bin/python"

say() { printf '==> %s\n' "$*" >&2; }

fail() {
  printf '%s: %s\n' "$(basename "$0")" "$*" >&2
  exit 1
}

# Runs a command; shows its output only when it fails.
quietly() {
  local log status=0
  log=$(mktemp)
  "$@" >"$log" 2>&1 || status=$?
  [ "$status" -eq 0 ] || tail -n 40 "$log" >&2
  rm -f "$log"
  return "$status"
}

# True when version $1 ("6.3.1") is at least $2 ("6.2").
at_least() { [ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1)" = "$2" ]; }

require_swift() {
  command -v swift >/dev/null \
    || fail "there is no swift on the PATH; install Swift 6.2 or later (swift.org/install) and try again"
  local version
  version=$(swift --version 2>/dev/null | sed -n 's/.*Swift version \([0-9.]*\).*/\1/p' | head -n 1)
  at_least "${version:-0}" 6.2 \
    || fail "Swift 6.2 or later is needed, and $(command -v swift) is ${version:-of unknown version}"
}

has_java() {
  local java="${JAVA_HOME:+$JAVA_HOME/bin/}java" version
  version=$("$java" -version 2>&1 | sed -n 's/.* version "\([0-9]*\).*/\1/p' | head -n 1) || return 1
  [ -n "$version" ] && [ "$version" -ge 17 ]
}

has_python() {
  python3 -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

has_header() { printf '#include <%s>\n' "$1" | { clang -E - || cc -E -; } >/dev/null 2>&1; }

has_library() { PATH="$PATH:/sbin:/usr/sbin" ldconfig -p 2>/dev/null | grep "$1" >/dev/null; }

# Runs apt-get as root, or fails.
as_root() {
  if [ "$(id -u)" -eq 0 ]; then
    "$@"
  else
    sudo -n "$@"
  fi
}

# The newest Java runtime that both this system's archive and Spark have.
java_package() {
  local version
  for version in 17 21; do
    if apt-cache show "openjdk-$version-jre-headless" >/dev/null 2>&1; then
      echo "openjdk-$version-jre-headless"
      return
    fi
  done
  echo default-jre-headless
}

# Installs what is missing of: Java 17 or later, Python 3.11 or later with venv, zlib's header, the
# libraries that decompress Arrow and decode images. Installs nothing when nothing is missing.
require_system() {
  local missing=() why=() java=""
  [ -z "${JAVA_HOME-}" ] || has_java \
    || fail "JAVA_HOME is $JAVA_HOME, which has no Java 17 or later; correct or unset it"
  has_java || { java=openjdk-17-jre-headless; why+=("Java 17 or later"); }
  has_python || { missing+=(python3 python3-venv); why+=("Python 3.11 or later with venv"); }
  has_header zlib.h || { missing+=(zlib1g-dev); why+=("zlib.h"); }
  has_library libzstd.so.1 || { missing+=(libzstd1); why+=("libzstd.so.1"); }
  has_library liblz4.so.1 || { missing+=(liblz4-1); why+=("liblz4.so.1"); }
  has_library libturbojpeg.so.0 || { missing+=(libturbojpeg0); why+=("libturbojpeg.so.0"); }
  has_library libpng16.so.16 || { missing+=(libpng16-16); why+=("libpng16.so.16"); }
  [ "${#why[@]}" -gt 0 ] || return 0

  local list
  list=$(printf ', %s' "${why[@]}")
  local by_hand="install by hand what is missing: ${list#, } (Debian, Ubuntu: apt-get install"
  by_hand+=" ${missing[*]-}${missing[0]+${java:+ }}$java)"
  command -v apt-get >/dev/null || fail "this system has no apt-get; $by_hand"
  if [ "$(id -u)" -ne 0 ]; then
    sudo -n true 2>/dev/null || fail "this is neither root nor has sudo without a password; $by_hand"
  fi
  say "installing system packages for: ${list#, }"
  quietly as_root apt-get update -qq \
    || fail "apt-get update failed (is there a network?); $by_hand"
  [ -z "$java" ] || missing+=("$(java_package)")
  quietly as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -qq --no-install-recommends "${missing[@]}" \
    || fail "apt-get could not install ${missing[*]} (is there a network?); $by_hand"
  has_java || fail "there is still no Java 17 or later; $by_hand"
  has_python || fail "python3 is still not 3.11 or later with venv; $by_hand"
  has_header zlib.h || fail "zlib.h is still not found; $by_hand"
}

# Makes the Python environment $1 with the pinned requirements in file $2, unless it has them.
make_environment() {
  local folder=$1 requirements=$2 wanted
  wanted=$(cat "$requirements" | cksum)
  mkdir -p "$root/.build" "$(dirname "$folder")"
  # Two scripts at once would otherwise install into one folder.
  exec 9>"$root/.build/environment.lock"
  if command -v flock >/dev/null; then flock 9; fi
  if ! "$folder/bin/python" -c 'import sys; sys.exit(sys.prefix == sys.base_prefix)' 2>/dev/null; then
    say "making the Python environment ${folder#"$root"/}"
    quietly python3 -m venv --clear "$folder" \
      || fail "python3 -m venv failed; install Python 3.11 or later with its venv module"
  fi
  if [ "$(cat "$folder/requirements.stamp" 2>/dev/null)" != "$wanted" ]; then
    say "installing ${requirements#"$root"/} into ${folder#"$root"/}"
    quietly "$folder/bin/python" -m pip install --no-input --disable-pip-version-check \
      -r "$requirements" \
      || fail "pip could not install $requirements (is there a network?)"
    printf '%s' "$wanted" >"$folder/requirements.stamp"
  fi
  exec 9>&-
}

require_python() {
  make_environment "$root/.venv" "$root/requirements.txt"
  export NEEDLETAIL_PYTHON=$python
}

# Builds the plug-in that reads and writes tables in files, beside pyarrow's libraries, unless it is there.
require_files_plugin() {
  local arrow wanted stamp
  arrow=$(echo "$root"/.venv/lib/python3*/site-packages/pyarrow)
  stamp=$arrow/libneedletail_files.stamp
  wanted=$(cat "$root/scripts/build-files-plugin" "$root/scripts/lib/files_plugin.cpp" \
    "$root"/scripts/lib/files_plugin/*.h "$root"/Sources/C{Arrow,FileTables}/include/*.h \
    "$arrow/include/arrow/util/config.h" | cksum)
  exec 9>"$root/.build/environment.lock"
  if command -v flock >/dev/null; then flock 9; fi
  if [ ! -f "$arrow/libneedletail_files.so" ] || [ "$(cat "$stamp" 2>/dev/null)" != "$wanted" ]; then
    say "building the plug-in for files (half a minute, once)"
    quietly "$root/scripts/build-files-plugin" "$python" || fail "scripts/build-files-plugin failed"
    printf '%s' "$wanted" >"$stamp"
  fi
  exec 9>&-
}

# Builds a product in release and prints the folder of its executable.
build_product() {
  say "building $1 (release; some minutes the first time)"
  swift build --package-path "$root" -c release --product "$1" >&2 \
    || fail "$1 did not build"
  swift build --package-path "$root" -c release --show-bin-path
}
