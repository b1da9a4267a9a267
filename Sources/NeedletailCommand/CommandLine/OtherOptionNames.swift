/// Names that people try for options which are called otherwise.
enum OtherOptionNames {
  /// Those of options of models, which `--option NAME=VALUE` has.
  static let ofModels = [
    "custom-ops": "customOps", "custom-op": "customOps", "ops": "customOps",
    "op-library": "customOps", "provider": "provider", "signature": "signature",
    "pipeline": "pipeline", "pooling": "pooling", "beams": "beams", "max-tokens": "maxTokens",
  ]

  /// Those of options of commands.
  static let ofCommands = [
    "batch-axis": "batch-dimension", "batch-dim": "batch-dimension", "decimals": "round",
  ]
}
