import Needletail

extension Predict: CheckedCommand {
  func shortfalls() async -> Complaints {
    var complaints = Complaints()
    let source = complaints.noteModel(model, asked)
    complaints.note { try asked.columnNames }
    let settings = complaints.note { try conf.once("--conf") } ?? [:]
    complaints.note { try keep.map { try ColumnList($0, option: "--keep") } }
    if let metrics { complaints.note { try RunMetrics.check(metrics) } }

    let tables = TablePlaces(
      input: places.input, output: places.output, remote: engine == .local ? "" : remote)
    let isInputThere = complaints.note { try tables.checkInput() } != nil
    complaints.note { try tables.checkOutput(mode: isResumed ? .append : writes.mode) }
    if isResumed { complaints.note { try tables.checkResume() } }
    let reading = complaints.note {
      let format = try TableFormat.reading(
        places, reads.inputFormat, on: isInputThere ? tables.localInput : nil)
      let whole = try PredictionJob.with(reads.inputOption, "--input-option", format)
      if isInputThere, let file = tables.localInput { try whole.checkHeader(of: file) }
      return whole
    }
    let writing = complaints.note {
      try PredictionJob.with(
        writes.outputOption, "--output-option", try TableFormat.writing(places, writes.outputFormat)
      )
    }
    complaints.note { try SparkJars.check(places.jar) }
    await complaints.noteFit(of: asked, to: source, named: model)
    guard let reading, let writing else { return complaints }
    let choice = PredictionJob.choice(
      self, source ?? ModelSource.onnx(model), reading, writing, tables, settings)
    switch choice.engine {
    case .local: break
    case .refused(let reason): complaints.add(CommandFailure(reason))
    case .spark(let reason):
      let before = complaints.errors.count
      complaints.noteLocalSpark(remote: remote)
      if let reason, complaints.errors.count > before {
        complaints.add(CommandFailure("Spark is needed here: \(reason)"))
      }
    }
    return complaints
  }
}
