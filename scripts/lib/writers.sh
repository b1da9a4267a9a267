# The fourth Python environment: DuckDB and Polars, whose files the check of equality reads beside those of
# pyarrow and Spark, a server of MLflow, and Sail. Sourced after lib/setup.sh:
#
#   require_writers
#
# makes .venv-writers with Tests/ScanTables/requirements.txt (0.9 GB), at most once, and exports
# NEEDLETAIL_WRITERS, its Python.

require_writers() {
  make_environment "$root/.venv-writers" "$root/Tests/ScanTables/requirements.txt"
  export NEEDLETAIL_WRITERS="$root/.venv-writers/bin/python"
}
