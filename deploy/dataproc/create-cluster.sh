#!/usr/bin/env bash
# Creates a Dataproc cluster with a Spark Connect server and Needletail on each node.
#
#   dataproc/create-cluster.sh [--dry-run] NAME gs://BUCKET/FOLDER TARBALL
#
# It puts the tarball of scripts/package and the two initialization actions into the folder, and creates the
# cluster. --dry-run prints the commands instead. Settings, by the environment: REGION (required), IMAGE
# (default 3.0-debian12, which has Spark 4), MACHINE (n2-standard-8), WORKERS (2), HEAP (8g), MODEL (500m: the
# size of the models' files, for the memory overhead), ACCELERATOR (nvidia-l4, say; none if not set) and
# ACCELERATORS (1: how many each worker has), GPU_DRIVER_ACTION (the initialization action that installs
# NVIDIA's driver: required with ACCELERATOR, for the images have none).
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
[ "$#" -eq 3 ] || fail "usage: create-cluster.sh [--dry-run] NAME gs://BUCKET/FOLDER TARBALL"
name=$1 folder=${2%/} tarball=$3
[[ $folder == gs://* ]] || fail "'$folder' is no folder of Cloud Storage, gs://BUCKET/FOLDER"
[ -f "$tarball" ] || fail "there is no $tarball; \`scripts/package --only tarball\` makes it"
[ -n "${REGION:-}" ] || fail "say in REGION where the cluster shall be: export REGION=europe-west1"
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
sum=$(sha256sum "$tarball" | cut -d ' ' -f 1)

run() {
  if [ "$dry" = true ]; then
    printf '%q ' "$@"
    echo
  else
    "$@"
  fi
}

cores=${CORES:-4} gpus=0
actions=$folder/install-needletail.sh
properties=()
if [ -n "${ACCELERATOR:-}" ]; then
  gpus=${ACCELERATORS:-1}
  [ -n "${GPU_DRIVER_ACTION:-}" ] \
    || fail "name in GPU_DRIVER_ACTION the initialization action that installs NVIDIA's driver"
  actions=$GPU_DRIVER_ACTION,$actions
  # Needletail runs one prediction at a time on a GPU; the other tasks decode meanwhile. Spark takes no share
  # between a half and a whole.
  properties+=(
    "spark:spark.executor.resource.gpu.amount=$gpus"
    "spark:spark.task.resource.gpu.amount=$(awk "BEGIN { share = $gpus / $cores; print (share > 0.5 ? 1 : share) }")"
    "spark:spark.executor.resource.gpu.discoveryScript=/usr/lib/spark/scripts/gpu/getGpusResources.sh"
    "spark:spark.executorEnv.CUDA_DEVICE_ORDER=PCI_BUS_ID"
  )
fi
actions=$actions,$folder/start-connect-server.sh
overhead=$("$here/memory-overhead" --heap "${HEAP:-8g}" --slots "$cores" --model "${MODEL:-500m}" --gpus "$gpus")
properties+=(
  "spark:spark.executor.cores=$cores"
  "spark:spark.executor.memory=${HEAP:-8g}"
  "spark:spark.executor.memoryOverhead=$overhead"
)

run gcloud storage cp "$tarball" "$here/install-needletail.sh" "$here/start-connect-server.sh" "$folder/"
command=(
  gcloud dataproc clusters create "$name" --region "$REGION" --image-version "${IMAGE:-3.0-debian12}"
  --master-machine-type "${MACHINE:-n2-standard-8}" --worker-machine-type "${MACHINE:-n2-standard-8}"
  --num-workers "${WORKERS:-2}" --initialization-actions "$actions"
  --metadata "needletail-archive=$folder/$(basename "$tarball"),needletail-archive-sha256=$sum"
  --properties "$(IFS=, && echo "${properties[*]}")"
)
if [ "$gpus" -gt 0 ]; then
  command+=(--worker-accelerator "type=$ACCELERATOR,count=$gpus" --no-shielded-secure-boot)
fi
run "${command[@]}"
cat <<NEXT
Then a tunnel, the token, and the first look:
  gcloud compute ssh $name-m --zone ZONE -- -N -L 15002:localhost:15002 &
  TOKEN=\$(gcloud compute ssh $name-m --zone ZONE -- sudo cat /etc/needletail/connect.env | cut -d = -f 2)
  needletail doctor --remote "sc://localhost:15002/;token=\$TOKEN"
NEXT
