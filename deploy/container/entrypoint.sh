#!/usr/bin/env bash
# Starts one part of a Spark cluster in a container: master, worker, connect. Anything else goes to the image's own
# entrypoint, which Kubernetes' executors need.
#
#   entrypoint.sh master | worker | connect [ARGUMENTS OF spark-submit] | COMMAND...
#
# SPARK_MASTER_URL (spark://master:7077) is where worker and connect look for the master; worker takes
# SPARK_WORKER_CORES and SPARK_WORKER_MEMORY. connect asks for the token SPARK_CONNECT_AUTHENTICATE_TOKEN, without
# which it does not start, for whoever reaches it may run programs on the cluster.
set -euo pipefail

fail() {
  printf 'entrypoint.sh: %s\n' "$*" >&2
  exit 1
}

home=${SPARK_HOME:-/opt/spark}
[ -x "$home/bin/spark-class" ] || fail "there is no Spark at $home: set SPARK_HOME"
master=${SPARK_MASTER_URL:-spark://master:7077}
host=${SPARK_PUBLIC_HOST:-$(hostname)}

case ${1:-} in
  master)
    shift
    exec "$home/bin/spark-class" org.apache.spark.deploy.master.Master \
      --host "$host" --port "${SPARK_MASTER_PORT:-7077}" --webui-port "${SPARK_MASTER_WEBUI_PORT:-8080}" "$@"
    ;;
  worker)
    shift
    exec "$home/bin/spark-class" org.apache.spark.deploy.worker.Worker --host "$host" \
      --webui-port "${SPARK_WORKER_WEBUI_PORT:-8081}" --work-dir "${SPARK_WORKER_DIR:-/tmp/spark-work}" "$@" "$master"
    ;;
  connect)
    shift
    [ -n "${SPARK_CONNECT_AUTHENTICATE_TOKEN:-}" ] \
      || fail "set SPARK_CONNECT_AUTHENTICATE_TOKEN, for which clients are asked"
    exec "$home/bin/spark-submit" --class org.apache.spark.sql.connect.service.SparkConnectServer \
      --name Connect --master "$master" --conf "spark.driver.host=$host" \
      --conf "spark.connect.grpc.binding.address=${SPARK_CONNECT_ADDRESS:-0.0.0.0}" \
      --conf "spark.connect.grpc.binding.port=${SPARK_CONNECT_PORT:-15002}" "$@" spark-internal
    ;;
  "") fail "say what to start: master, worker, connect, or a command" ;;
  *)
    if [ -x /opt/entrypoint.sh ]; then exec /opt/entrypoint.sh "$@"; fi
    exec "$@"
    ;;
esac
