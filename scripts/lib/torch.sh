# The set-up of the tests of compiled PyTorch models. Sourced after lib/setup.sh:
#
#   make_torch_packages [PYTHON]
#
# Compiles the packages of Tests/TorchRuntimeTests into .build/torch-packages (about a minute and a
# half the first time, nothing after that) and exports NEEDLETAIL_TORCH_PACKAGES and NEEDLETAIL_TORCH.
# Without torch in PYTHON or without g++ it says so, and the tests that need them are skipped.

make_torch_packages() {
  local interpreter=${1:-$python} library
  local folder="$root/.build/torch-packages"
  if ! library=$("$interpreter" -c 'import os, torch; print(os.path.dirname(torch.__file__))' \
    2>/dev/null); then
    say "no torch in $interpreter: tests of compiled PyTorch models are skipped"
    return 0
  fi
  if ! command -v g++ >/dev/null; then
    say "no g++: tests of compiled PyTorch models are skipped (apt-get install g++)"
    return 0
  fi
  say "compiling PyTorch packages for the tests (a minute or two the first time)"
  quietly "$interpreter" "$root/Tests/TorchRuntimeTests/make_packages.py" "$folder" \
    || fail "Tests/TorchRuntimeTests/make_packages.py failed"
  export NEEDLETAIL_TORCH_PACKAGES=$folder NEEDLETAIL_TORCH="$library/lib"
  if [ ! -e "$folder/libneedletail_torch.so" ]; then
    quietly "$root/scripts/build-torch-plugin" "$interpreter" "$folder" \
      || fail "scripts/build-torch-plugin failed"
  fi
  export NEEDLETAIL_TORCH_PLUGIN=$folder
}
