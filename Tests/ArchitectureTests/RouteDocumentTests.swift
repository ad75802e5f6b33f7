import Foundation
import Testing

/// docs/api/openapi.json, which the gateway serves, has every route that the services have.
struct RouteDocumentTests {
    /// `get /rooms/{}`: what a parameter is called does not matter here.
    static func described() throws -> Set<String> {
        struct Document: Decodable { let paths: [String: [String: Operation]] }
        struct Operation: Decodable {}
        let document = try JSONDecoder().decode(
            Document.self, from: Data(try Checkout.text(of: "docs/api/openapi.json").utf8))
        return Set(
            document.paths.flatMap { path, operations in
                operations.keys.map { "\($0) \(path.replacing(/\{\w+\}/, with: "{}"))" }
            })
    }

    @Test func everyRouteIsDescribed() throws {
        let route = /\.(get|post|put|patch|delete)\("\/?([a-z][^"\\]*)", use:/
        let described = try Self.described()
        for file in try Checkout.sources(in: "Services") where file.rooms.first == "HTTP" {
            for match in file.text.matches(of: route) {
                let path = String(match.output.2)
                guard !path.hasPrefix("internal/") else { continue }
                let written = "\(match.output.1) /\(path.replacing(/:\w+/, with: "{}"))"
                #expect(described.contains(written), "\(file.path): describe \(written) in docs/api/openapi.json")
            }
        }
    }
}
