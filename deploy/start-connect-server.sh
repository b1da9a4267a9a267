#!/usr/bin/env bash
# Starts a Spark Connect server on the master of a YARN cluster, as a service that comes back after a crash: an
# initialization action of Dataproc, or a step of EMR. A second run restarts nothing that has not changed.
#
#   start-connect-server.sh [--user USER] [--port 15002] [-- ARGUMENTS OF spark-submit]
#
# The server listens on the loopback interface only: reach it by a tunnel. It asks for a token, which the first
# run draws and keeps in /etc/needletail/connect.env, readable by root alone.
# Spark is that of SPARK_HOME, else the one at /usr/lib/spark; it must be 4.0 or later.
set -euo pipefail

# Root of the file system to install into; another one than / in checks only.
root=${NEEDLETAIL_ROOT:-}

say() { printf 'needletail: %s\n' "$*"; }
fail() {
  printf 'start-connect-server.sh: %s\n' "$*" >&2
  exit 1
}

# Dataproc runs its actions on every node, and there is one server.
is_worker() {
  local reader=$root/usr/share/google/get_metadata_value
  [ -x "$reader" ] || return 1
  [ "$("$reader" attributes/dataproc-role)" != Master ]
}

# The version of the Spark in the folder $1, by the name of its core.
spark_version() {
  local jar
  for jar in "$root$1"/jars/spark-core_*.jar; do
    [ -e "$jar" ] || fail "there is no Spark at $1: name its folder in SPARK_HOME"
    # spark-core_SCALA-VERSION.jar, and a cloud's version may have hyphens.
    jar=${jar##*/spark-core_}
    jar=${jar#*-}
    echo "${jar%.jar}"
    return
  done
}

require_spark() {
  local version
  version=$(spark_version "$1")
  [ "${version%%.*}" -ge 4 ] 2>/dev/null \
    || fail "$1 is Spark $version, and functions need Spark 4.0 to 4.3: take a newer image of the cloud"
  compgen -G "$root$1/jars/spark-connect_*.jar" >/dev/null \
    || fail "Spark $version at $1 comes without Spark Connect (jars/spark-connect_*.jar)"
}

# Writes standard input to the file $1, with the mode $2; fails if it was the same before.
replace() {
  local wanted
  wanted=$(cat)
  [ ! -f "$1" ] || [ "$(cat "$1")" != "$wanted" ] || return 1
  mkdir -p "$(dirname "$1")"
  (umask 077 && printf '%s\n' "$wanted" >"$1.new")
  chmod "$2" "$1.new"
  mv -f "$1.new" "$1"
}

main() {
  local user="" port=15002 more=() home=${SPARK_HOME:-/usr/lib/spark} argument quoted=""
  while [ "$#" -gt 0 ]; do
    case $1 in
      -h | --help)
        sed -n '2,/^set /{/^set /!s/^# \{0,1\}//p;}' "${BASH_SOURCE[0]}"
        return 0
        ;;
      --user | --port)
        [ "$#" -ge 2 ] || fail "$1 takes a value"
        case $1 in --user) user=$2 ;; --port) port=$2 ;; esac
        shift 2
        ;;
      --)
        shift
        more=("$@")
        break
        ;;
      *) fail "unknown argument $1; --help lists them" ;;
    esac
  done
  if is_worker; then
    say "the Spark Connect server runs on the master alone"
    return 0
  fi
  if [ -z "$root" ] && [ "$(id -u)" -ne 0 ]; then
    sudo -n true 2>/dev/null || fail "this is neither root nor has sudo without a password"
    exec sudo -n env SPARK_HOME="$home" bash "${BASH_SOURCE[0]}" ${user:+--user "$user"} --port "$port" \
      ${more[0]+-- "${more[@]}"}
  fi
  require_spark "$home"
  # Dataproc's Spark belongs to spark, EMR's to hadoop.
  for argument in spark hadoop; do
    if [ -z "$user" ] && getent passwd "$argument" >/dev/null; then user=$argument; fi
  done
  [ -n "$user" ] || fail "there is neither a user spark nor hadoop here: name one with --user"
  for argument in ${more[0]+"${more[@]}"}; do
    # systemd reads its own % and $, and splits at spaces.
    argument=${argument//%/%%}
    argument=${argument//\$/\$\$}
    quoted+=" \"${argument//\"/\\\"}\""
  done

  local folder=$root/etc/needletail unit=$root/etc/systemd/system/spark-connect.service changed=false
  if [ ! -s "$folder/connect.env" ]; then
    printf 'SPARK_CONNECT_AUTHENTICATE_TOKEN=%s\n' "$(od -An -N24 -tx1 /dev/urandom | tr -d ' \n')" \
      | replace "$folder/connect.env" 600
    changed=true
  fi
  if replace "$unit" 644 <<UNIT
[Unit]
Description=Spark Connect
After=network-online.target

[Service]
User=$user
EnvironmentFile=/etc/needletail/connect.env
ExecStart=$home/bin/spark-submit --class org.apache.spark.sql.connect.service.SparkConnectServer --name Connect --master yarn --conf spark.connect.grpc.binding.address=127.0.0.1 --conf spark.connect.grpc.binding.port=$port$quoted spark-internal
Restart=on-failure
RestartSec=10

[Install]
WantedBy=multi-user.target
UNIT
  then changed=true; fi
  systemctl daemon-reload
  systemctl enable --quiet spark-connect.service
  if [ "$changed" = true ]; then
    systemctl restart spark-connect.service
  else
    systemctl start spark-connect.service
  fi
  say "Spark Connect listens on 127.0.0.1:$port; its token is in /etc/needletail/connect.env"
}

main "$@"
