import Models
import Tensors

/// Runs a model on made-up requests, each alone and all of them joined, and compares the answers.
struct JoiningCheck {
  /// What came of the check.
  struct Result {
    var verdict: JoiningVerdict
    /// Whether the model gave outputs that have other numbers of rows than its inputs.
    var hasOtherRowCounts = false
  }

  /// The rows of the requests that are joined, one list for each kind of values. Different sums and
  /// orders, since a model may depend on the number of rows or on a row's place.
  private static let plans: [(values: ProbeInputs.Values, requests: [Int])] = [
    (.even, [1, 2, 1]), (.spread, [3, 1, 1, 2]), (.positive, [2, 5]), (.spread, [1, 9, 1]),
  ]

  let model: ServedModel
  /// Runs the model on its instance's thread.
  let run: (ModelBatch) throws -> [String: AnyTensor]

  func result() -> Result {
    let limit = model.configuration.maxBatchSize
    if limit < 2 { return Result(verdict: .alone("a batch has one row at most")) }
    guard let probe = firstThatRuns() else {
      return Result(
        verdict: .alone(
          "the model takes none of the values that the check made up, so that it is not known whether "
            + "its rows depend on each other; if they do not, \(advice)"))
    }
    var compared = 0
    var hasVaried = false
    for (seed, plan) in Self.plans.enumerated() {
      var probe = probe
      probe.values = plan.values
      probe.seed = UInt64(seed)
      let requests = fitting(plan.requests, limit)
      do {
        guard let varies = try compare(requests, probe) else { continue }
        compared += 1
        hasVaried = hasVaried || varies
      } catch let failure as Dependence {
        return Result(
          verdict: .alone(failure.reason), hasOtherRowCounts: failure.isOfRowCounts)
      } catch {
        return Result(verdict: .alone("the check failed: \(error)"))
      }
    }
    guard compared >= 2, hasVaried else {
      return Result(
        verdict: .alone(
          compared < 2
            ? "the model takes too few of the values that the check made up; if its rows do not depend "
              + "on each other, \(advice)"
            : "the model answered every row of the check alike, which does not tell whether its rows "
              + "depend on each other; if they do not, \(advice)"))
    }
    return Result(
      verdict: .joined("joined rows got the answers that they get alone, in \(compared) tests"))
  }

  /// How to have requests joined whatever the check finds.
  private var advice: String {
    "ask for it: --joining \(model.name)=always (joining: .always in Swift)"
  }

  /// Requests of a plan that a batch of `limit` rows can hold, two at least.
  private func fitting(_ requests: [Int], _ limit: Int) -> [Int] {
    var rows = 0
    let taken = requests.prefix {
      rows += $0
      return rows <= limit
    }
    return taken.count >= 2 ? Array(taken) : [1, 1]
  }

  /// Why joined requests may get other answers.
  private struct Dependence: Error {
    var reason: String
    var isOfRowCounts = false
  }

  /// Values, and sizes of the dimensions that a client chooses, that the model takes.
  private func firstThatRuns() -> ProbeInputs? {
    for probe in ProbeInputs.attempts(for: model.inputs) {
      if (try? alone(probe, rows: 0..<1)) != nil, (try? alone(probe, rows: 1..<3)) != nil {
        return probe
      }
    }
    return nil
  }

  private func alone(_ probe: ProbeInputs, rows: Range<Int>) throws -> [String: AnyTensor] {
    let outputs = try run(try batch(probe, rows: rows))
    for specification in model.outputs where outputs[specification.name] == nil {
      throw InferenceError(
        .invalidOutput, "there is no \(specification.name)", function: model.name)
    }
    return outputs
  }

  private func batch(_ probe: ProbeInputs, rows: Range<Int>) throws -> ModelBatch {
    var tensors: [String: AnyTensor] = [:]
    for (index, input) in model.inputs.enumerated()
    where !model.configuration.optionalInputs.contains(input.name) {
      tensors[input.name] = try probe.tensor(input, number: index, rows: rows)
    }
    return ModelBatch(
      model: model.name, version: model.configuration.version, rowCount: rows.count,
      inputs: tensors, requestedOutputs: model.outputs.map(\.name))
  }

  /// Compares joined requests with single ones.
  ///
  /// - Returns: whether the answers differ from row to row; `nil` if the model does not take the values.
  /// - Throws: ``Dependence`` if a joined request gets another answer.
  private func compare(_ requests: [Int], _ probe: ProbeInputs) throws -> Bool? {
    var first = 0
    var ranges: [Range<Int>] = []
    for rows in requests {
      ranges.append(first..<first + rows)
      first += rows
    }
    var single: [[String: AnyTensor]] = []
    for range in ranges {
      guard let outputs = try? alone(probe, rows: range) else { return nil }
      for (name, tensor) in outputs where tensor.shape.rank == 0 || tensor.rowCount != range.count {
        throw Dependence(
          reason:
            "the output '\(name)' of \(range.count) rows has the shape \(tensor.shape), not a row "
            + "for each", isOfRowCounts: true)
      }
      single.append(outputs)
    }
    let joined: [String: AnyTensor]
    do {
      joined = try alone(probe, rows: 0..<first)
    } catch {
      throw Dependence(reason: "the model takes requests alone, but not joined: \(error)")
    }
    var hasVaried = false
    for specification in model.outputs {
      let name = specification.name
      guard let whole = joined[name], whole.shape.rank > 0, whole.rowCount == first else {
        throw Dependence(
          reason: "the output '\(name)' of joined requests has not their number of rows",
          isOfRowCounts: true)
      }
      let all = ComparableRows(whole)
      hasVaried = hasVaried || all.haveVaried
      for (range, outputs) in zip(ranges, single) {
        guard let tensor = outputs[name] else { continue }
        if let row = all.firstDifference(in: range, from: ComparableRows(tensor)) {
          throw Dependence(
            reason:
              "rows depend on the others of their batch, or answers vary from run to run: the "
              + "output '\(name)' of a row joined with others (\(range.count) of \(first) rows, row "
              + "\(row)) is not the one that the request gets alone")
        }
      }
    }
    return hasVaried
  }
}
