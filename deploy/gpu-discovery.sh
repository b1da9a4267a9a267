#!/usr/bin/env bash
# Tells Spark which GPUs this machine has: the script for spark.executor.resource.gpu.discoveryScript and
# spark.worker.resource.gpu.discoveryScript. It prints one line, {"name": "gpu", "addresses": ["0", "1"]}.
#
# The addresses are nvidia-smi's indexes, in the order of the bus: set CUDA_DEVICE_ORDER=PCI_BUS_ID for the
# executors, or CUDA may count in another order. NEEDLETAIL_NVIDIA_SMI names another nvidia-smi.
set -euo pipefail

fail() {
  printf 'gpu-discovery.sh: %s\n' "$*" >&2
  exit 1
}

tool=${NEEDLETAIL_NVIDIA_SMI:-nvidia-smi}
command -v "$tool" >/dev/null \
  || fail "there is no $tool: install NVIDIA's driver, or start the container with its runtime"
# To the end before it is looked at: its status counts.
listed=$("$tool" --query-gpu=index --format=csv,noheader) \
  || fail "$tool does not work here: ${listed:-it said nothing}"
addresses=""
while IFS= read -r index; do
  index=${index//[[:space:]]/}
  [ -n "$index" ] || continue
  [[ $index =~ ^[0-9]+$ ]] || fail "$tool said '$index' where the number of a GPU was expected"
  addresses+="${addresses:+, }\"$index\""
done <<<"$listed"
[ -n "$addresses" ] || fail "$tool lists no GPU"
printf '{"name": "gpu", "addresses": [%s]}\n' "$addresses"
