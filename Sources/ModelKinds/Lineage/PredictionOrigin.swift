/// What the function of a query predicts: what its columns come from, and all that was asked of it.
package struct PredictionOrigin: Sendable {
  package let lineage: PredictionLineage
  package let request: PredictionRequest

  package init(_ lineage: PredictionLineage, _ request: PredictionRequest) {
    self.lineage = lineage
    self.request = request
  }
}
