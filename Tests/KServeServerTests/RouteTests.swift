import NIOHTTP1
import Testing

@testable import KServeServer

/// Which path of the HTTP port is for what, by which methods.
struct RouteTests {
  @Test(
    arguments: [
      ("/", .page, [.GET]), ("/?x=1", .page, [.GET]), ("/status.json", .statusDocument, [.GET]),
      ("/v2", .serverMetadata, [.GET]), ("/v2/health/live", .live, [.GET]),
      ("/v2/models/stats", .modelStatistics, [.GET]), ("/v2/models/m", .modelMetadata, [.GET]),
      ("/v2/models/stats/infer", .infer, [.POST]), ("/v2/models/m/infer?a=/b", .infer, [.POST]),
      ("/v2/models/m/versions/1/infer", .infer, [.POST]),
      ("/v2/models/m/versions/1", .modelMetadata, [.GET]),
      ("/v2/models/m/trace/setting", .traceSettings, [.GET, .POST]),
      ("/v2/repository/index", .index, [.POST]), ("/v2/repository/r/index", .index, [.POST]),
      ("/v2/repository/r/models/m/load", .load, [.POST]),
      ("/v2/systemsharedmemory/register", .registerRegion, []),
      ("/v2/systemsharedmemory/region/r/register", .registerRegion, [.POST]),
      ("/v2/%6Dodels/m", .modelMetadata, [.GET]),
      ("/v2/models/m/versions/x/infer", nil, []), ("/v2/models/m/versions/1/load", nil, []),
      ("/v2/models", nil, []), ("/v2/", nil, []), ("//", nil, []), ("/v2//models/m", nil, []),
      ("/nowhere", nil, []), ("/metrics", nil, []),
    ] as [(String, HTTPRoute.Purpose?, [HTTPMethod])])
  func finds(target: String, purpose: HTTPRoute.Purpose?, methods: [HTTPMethod]) {
    let route = HTTPRoute.match(target)?.route
    #expect(route?.purpose == purpose)
    #expect((route?.methods ?? []) == methods)
  }

  @Test func readsNames() throws {
    let model = try #require(HTTPRoute.match("/v2/models/a%20b%2Fc/versions/12/infer")).names
    #expect(model.model == "a b/c" && model.version == "12" && model.region.isEmpty)
    let region = try #require(
      HTTPRoute.match("/v2/systemsharedmemory/region/%C3%A9%/unregister")
    ).names
    #expect(region.region == "é%" && region.model.isEmpty)
  }
}
