# The second Python environment: the frameworks that train the examples' models. Sourced after
# lib/setup.sh:
#
#   require_training
#
# makes .venv-training with Examples/requirements.txt, at most once, and sets `training` to its
# Python. It needs some 3.5 GB of disk, and on Linux PyTorch's default package brings CUDA's libraries
# beside that: name the index of its CPU builds in PIP_EXTRA_INDEX_URL to do without them.

training="$root/.venv-training/bin/python"

require_training() {
  local free
  if [ ! -e "$root/.venv-training/requirements.stamp" ]; then
    free=$(df -Pk "$root" | awk 'NR == 2 { print int($4 / 1048576) }')
    [ "${free:-99}" -ge 5 ] \
      || fail "the training environment needs 5 GB of disk, and $root has $free GB left"
    say "the training environment takes some minutes (PyTorch, TensorFlow, transformers)"
  fi
  make_environment "$root/.venv-training" "$root/Examples/requirements.txt"
  export TOKENIZERS_PARALLELISM=false TF_CPP_MIN_LOG_LEVEL=3 HF_HUB_OFFLINE=1
}

# What decides whether compiled code made here runs here: the processor's instructions, and torch.
machine_stamp() {
  grep -m 1 '^flags' /proc/cpuinfo || true
  uname -srm
}
