import ArgumentParser
import Needletail

/// What `--engine` can say.
enum EngineOption: String, ExpressibleByArgument, CaseIterable, Sendable {
  case auto, local, spark

  var wish: EngineChoice.Wish {
    switch self {
    case .auto: .auto
    case .local: .local
    case .spark: .spark
    }
  }
}
