# The environment of what scripts/benchmark scan compares Needletail with. Sourced after lib/setup.sh:
#
#   require_scan
#
# makes .venv-scan with Benchmarks/Scan/requirements.txt (1.4 GB: Daft, Ray Data, Polars), at most
# once, and sets NEEDLETAIL_SCAN_PEERS, its Python.

require_scan() {
  make_environment "$root/.venv-scan" "$root/Benchmarks/Scan/requirements.txt"
  export NEEDLETAIL_SCAN_PEERS="$root/.venv-scan/bin/python"
}
