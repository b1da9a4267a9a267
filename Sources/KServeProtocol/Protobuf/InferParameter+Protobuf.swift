import SwiftProtobuf

extension InferParameter {
  init?(_ message: Inference_InferParameter) {
    switch message.parameterChoice {
    case .boolParam(let value): self = .bool(value)
    case .int64Param(let value): self = .int64(value)
    case .stringParam(let value): self = .string(value)
    case .doubleParam(let value): self = .double(value)
    case .uint64Param(let value): self = .uint64(value)
    case nil: return nil
    }
  }

  var message: Inference_InferParameter {
    .with {
      switch self {
      case .bool(let value): $0.boolParam = value
      case .int64(let value): $0.int64Param = value
      case .string(let value): $0.stringParam = value
      case .double(let value): $0.doubleParam = value
      case .uint64(let value): $0.uint64Param = value
      }
    }
  }
}

extension [String: InferParameter] {
  init(_ messages: [String: Inference_InferParameter]) {
    self = messages.compactMapValues(InferParameter.init)
  }

  var messages: [String: Inference_InferParameter] { mapValues(\.message) }
}
