#!/usr/bin/env bash
# Installs Needletail's command on a machine of a cluster, and if wanted an inference runtime and models.
#
# It is at once the init script of Databricks, the initialization action of Dataproc, the bootstrap action of
# EMR and a step of the container file: one file, which needs nothing beside it. A second run changes nothing.
#
#   install-needletail.sh [--archive URL --sha256 HEX] [--files URL --files-sha256 HEX]
#                         [--onnxruntime URL --onnxruntime-sha256 HEX] [--model URL HEX]... [--prefix FOLDER]
#
# --archive      the tarball needletail-VERSION-linux-x86_64.tar.gz of scripts/package
# --files        needletail-files-VERSION-linux-x86_64.tar.gz: tables in files without Spark
# --onnxruntime  a wheel of onnxruntime or onnxruntime-gpu, or a release (.tgz) for C
# --model        a file for PREFIX/models; may be repeated
# --prefix       default /opt/needletail
#
# A URL is a path, file:, https:, gs:, s3:, dbfs: or /Volumes/...; its SHA-256 is checked before it is used.
# What is not an argument is read from the environment: NEEDLETAIL_ARCHIVE, NEEDLETAIL_ARCHIVE_SHA256,
# NEEDLETAIL_FILES_ARCHIVE(_SHA256), NEEDLETAIL_ONNXRUNTIME_ARCHIVE(_SHA256), NEEDLETAIL_MODELS ("URL HEX URL
# HEX"), NEEDLETAIL_PREFIX; then, on Dataproc, from the cluster's metadata: needletail-archive,
# needletail-archive-sha256 and so on. Where neither can be set, write the values in here:
default_archive=""
default_archive_sha256=""
set -euo pipefail

# Root of the file system to install into; another one than / in checks only.
root=${NEEDLETAIL_ROOT:-}

say() { printf 'needletail: %s\n' "$*"; }
fail() {
  printf 'install-needletail.sh: %s\n' "$*" >&2
  exit 1
}

# The value of the setting $1: a variable of the environment, or the cluster's metadata on Dataproc.
setting() {
  local reader=$root/usr/share/google/get_metadata_value name
  if [ -n "${!1:-}" ]; then
    printf '%s' "${!1}"
  elif [ -x "$reader" ]; then
    name=$(printf '%s' "$1" | tr 'A-Z_' 'a-z-')
    "$reader" "attributes/$name" 2>/dev/null || true
  fi
}

# Whether the file $1 has the SHA-256 $2.
has_sum() { printf '%s  %s\n' "$2" "$1" | sha256sum --check --status -; }

# Brings $1 to the file $2, whatever holds it.
bring() {
  local from=$1 to=$2
  case $from in
    gs://*)
      if command -v gcloud >/dev/null; then gcloud storage cp --no-user-output-enabled "$from" "$to"
      else gsutil -q cp "$from" "$to"; fi
      ;;
    s3://* | s3a://*) aws s3 cp --only-show-errors "s3://${from#*://}" "$to" ;;
    http://* | https://*)
      if command -v curl >/dev/null; then curl -fsSL --retry 5 --retry-connrefused -o "$to" "$from"
      else wget -q -O "$to" "$from"; fi
      ;;
    dbfs:/*) cp -- "$root/dbfs/${from#dbfs:/}" "$to" ;;
    file:*) cp -- "${from#file:}" "$to" ;;
    /Volumes/*) cp -- "$root$from" "$to" ;;
    *) cp -- "$from" "$to" ;;
  esac || fail "$from cannot be had: does it exist, and may this machine read it?"
}

# Brings $1, whose SHA-256 must be $2, to the file $3.
bring_checked() {
  local from=$1 sum=$2 to=$3 found
  [[ $sum =~ ^[0-9a-fA-F]{64}$ ]] \
    || fail "'$sum' is no SHA-256 for $from; \`sha256sum FILE\` prints it"
  bring "$from" "$to"
  if ! has_sum "$to" "$sum"; then
    found=$(sha256sum "$to" | cut -d ' ' -f 1)
    rm -f "$to"
    fail "$from is not what was expected: its SHA-256 is $found, expected $sum"
  fi
}

# The program: unpacked beside what is there, and named by the link `current` when all of it is there.
install_program() {
  local archive=$1 sum=$2 home=$prefix/versions/${2:0:16}
  if [ -x "$home/bin/needletail" ]; then
    say "the program is there already"
  else
    bring_checked "$archive" "$sum" "$scratch/program.tar.gz"
    mkdir -p "$prefix/versions" "$scratch/program"
    # No owner of the archive: who unpacks as root would give files to that number.
    tar -xzf "$scratch/program.tar.gz" -C "$scratch/program" --strip-components 1 --no-same-owner
    [ -x "$scratch/program/bin/needletail" ] \
      || fail "$archive holds no bin/needletail; it must be the tarball for Linux of scripts/package"
    chmod -R a+rX "$scratch/program"
    rm -rf "$home"
    mv "$scratch/program" "$home"
  fi
  ln -sfn "versions/${sum:0:16}" "$prefix/current.new"
  mv -fT "$prefix/current.new" "$prefix/current"
  mkdir -p "$root/usr/local/bin"
  ln -sfn "${prefix#"$root"}/current/bin/needletail" "$root/usr/local/bin/needletail"
}

# Whether what has the SHA-256 $2 was put under the name $1 into the program that is there now.
is_marked() { [ "$(cat "$prefix/current/.$1" 2>/dev/null)" = "$2" ]; }
mark() { printf '%s' "$2" >"$prefix/current/.$1"; }

install_files() {
  is_marked files "$2" && return 0
  bring_checked "$1" "$2" "$scratch/files.tar.gz"
  tar -xzf "$scratch/files.tar.gz" -C "$prefix/current/" --strip-components 1 --no-same-owner
  chmod -R a+rX "$prefix/current/"
  mark files "$2"
}

# The libraries of ONNX Runtime from a wheel or a release, beside the program.
install_onnxruntime() {
  is_marked onnxruntime "$2" && return 0
  local folder=$scratch/onnxruntime library found=0
  mkdir -p "$folder"
  bring_checked "$1" "$2" "$scratch/onnxruntime.archive"
  case $1 in
    *.whl)
      if command -v unzip >/dev/null; then
        unzip -q "$scratch/onnxruntime.archive" 'onnxruntime/capi/*.so*' -d "$folder"
      elif command -v python3 >/dev/null; then
        python3 -m zipfile -e "$scratch/onnxruntime.archive" "$folder"
      else
        fail "a wheel is unpacked by unzip or python3, and neither is here; take the release for C (.tgz)"
      fi
      ;;
    *.tgz | *.tar.gz) tar -xzf "$scratch/onnxruntime.archive" -C "$folder" --no-same-owner ;;
    *) fail "$1 is neither a wheel nor a .tgz of ONNX Runtime" ;;
  esac
  while IFS= read -r library; do
    cp -P -- "$library" "$prefix/current/lib/"
    found=1
  done < <(find "$folder" -name 'libonnxruntime*.so*')
  [ "$found" = 1 ] || fail "$1 holds no libonnxruntime*.so*"
  chmod -R a+rX "$prefix/current/lib"
  mark onnxruntime "$2"
}

install_models() {
  local name
  while [ "$#" -ge 2 ]; do
    name=$(basename "$1")
    mkdir -p "$prefix/models"
    if ! { [ -f "$prefix/models/$name" ] && has_sum "$prefix/models/$name" "$2"; }; then
      bring_checked "$1" "$2" "$scratch/model"
      chmod a+r "$scratch/model"
      mv -f "$scratch/model" "$prefix/models/$name"
    fi
    shift 2
  done
  [ "$#" -eq 0 ] || fail "a model is given as its URL and its SHA-256; '$1' has none"
}

main() {
  local archive="" sum="" files="" files_sum="" runtime="" runtime_sum="" models=() folder=""
  while [ "$#" -gt 0 ]; do
    case $1 in
      -h | --help)
        sed -n '2,/^default_archive=/{/^default_archive=/!s/^# \{0,1\}//p;}' "${BASH_SOURCE[0]}"
        return 0
        ;;
      --model)
        [ "$#" -ge 3 ] || fail "--model takes a URL and its SHA-256"
        models+=("$2" "$3")
        shift
        ;;
      --archive | --sha256 | --files | --files-sha256 | --onnxruntime | --onnxruntime-sha256 | --prefix)
        [ "$#" -ge 2 ] || fail "$1 takes a value"
        case $1 in
          --archive) archive=$2 ;;
          --sha256) sum=$2 ;;
          --files) files=$2 ;;
          --files-sha256) files_sum=$2 ;;
          --onnxruntime) runtime=$2 ;;
          --onnxruntime-sha256) runtime_sum=$2 ;;
          --prefix) folder=$2 ;;
        esac
        ;;
      *) fail "unknown argument $1; --help lists them" ;;
    esac
    shift 2
  done
  archive=${archive:-$(setting NEEDLETAIL_ARCHIVE)}
  sum=${sum:-$(setting NEEDLETAIL_ARCHIVE_SHA256)}
  archive=${archive:-$default_archive}
  sum=${sum:-$default_archive_sha256}
  files=${files:-$(setting NEEDLETAIL_FILES_ARCHIVE)}
  files_sum=${files_sum:-$(setting NEEDLETAIL_FILES_ARCHIVE_SHA256)}
  runtime=${runtime:-$(setting NEEDLETAIL_ONNXRUNTIME_ARCHIVE)}
  runtime_sum=${runtime_sum:-$(setting NEEDLETAIL_ONNXRUNTIME_ARCHIVE_SHA256)}
  folder=${folder:-$(setting NEEDLETAIL_PREFIX)}
  prefix=$root${folder:-/opt/needletail}
  if [ "${#models[@]}" -eq 0 ]; then read -r -a models <<<"$(setting NEEDLETAIL_MODELS)" || true; fi
  [ -n "$archive" ] \
    || fail "no archive is named: --archive, NEEDLETAIL_ARCHIVE, or needletail-archive in Dataproc's metadata"
  [ -n "$sum" ] || fail "no SHA-256 is given for $archive; \`sha256sum FILE\` prints it"
  # EMR's bootstrap actions run as a user who has sudo.
  if [ -z "$root" ] && [ "$(id -u)" -ne 0 ]; then
    sudo -n true 2>/dev/null || fail "this is neither root nor has sudo without a password"
    exec sudo -n env NEEDLETAIL_PREFIX="${folder:-/opt/needletail}" NEEDLETAIL_ARCHIVE="$archive" \
      NEEDLETAIL_ARCHIVE_SHA256="$sum" NEEDLETAIL_FILES_ARCHIVE="$files" \
      NEEDLETAIL_FILES_ARCHIVE_SHA256="$files_sum" NEEDLETAIL_ONNXRUNTIME_ARCHIVE="$runtime" \
      NEEDLETAIL_ONNXRUNTIME_ARCHIVE_SHA256="$runtime_sum" NEEDLETAIL_MODELS="${models[*]-}" \
      bash "${BASH_SOURCE[0]}"
  fi

  mkdir -p "$prefix"
  # Beside the target, so that what is finished can be renamed into place.
  scratch=$(mktemp -d "$prefix/.install.XXXXXX")
  trap 'rm -rf "$scratch"' EXIT
  install_program "$archive" "$sum"
  if [ -n "$files" ]; then install_files "$files" "$files_sum"; fi
  if [ -n "$runtime" ]; then install_onnxruntime "$runtime" "$runtime_sum"; fi
  if [ "${#models[@]}" -gt 0 ]; then install_models "${models[@]}"; fi
  say "$("$prefix/current/bin/needletail" --version) is in ${prefix#"$root"}/current"
}

main "$@"
