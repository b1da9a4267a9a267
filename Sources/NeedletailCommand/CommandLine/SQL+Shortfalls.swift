import Needletail

extension SQL: CheckedCommand {
  func shortfalls() async -> Complaints {
    var complaints = Complaints()
    complaints.note { try asked.columnNames }
    complaints.note { try conf.once("--conf") }
    complaints.note {
      try TablePlaces(input: nil, output: file, remote: remote).check(mode: writes.mode)
    }
    complaints.note { try QueryJob.writing(self) }
    complaints.note { try SparkJars.check(jar) }
    for given in models {
      var own = Complaints()
      let source = own.noteModel(given.model, asked)
      await own.noteFit(of: asked, to: source, named: given.model)
      for error in own.errors { complaints.add(QueryJob.error(error, of: given, in: self)) }
    }
    complaints.noteLocalSpark(remote: remote)
    return complaints
  }
}
