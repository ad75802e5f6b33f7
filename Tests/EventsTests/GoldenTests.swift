import Events
import Foundation
import Testing

/// The files in `Golden/` pin the format on the broker: they must read for ever, and a change to what is written shows
/// as a change to a file. `RECORD_GOLDEN=<folder>` writes them anew.
@Suite struct GoldenTests {
    @Test(arguments: Samples.events)
    func formatIsPinned(_ event: Event) throws {
        if let folder = ProcessInfo.processInfo.environment["RECORD_GOLDEN"] { try record(event, in: folder) }
        let file = try #require(
            Bundle.module.url(forResource: event.type, withExtension: "json", subdirectory: "Golden"))
        let golden = try Data(contentsOf: file)
        #expect(try EventCodec.decode(golden) == event)
        #expect(try canonical(Data(EventCodec.encode(event))) == canonical(golden))
    }

    @Test func everyTypeHasAFile() throws {
        let folder = try #require(Bundle.module.resourceURL).appendingPathComponent("Golden").path
        let files = try FileManager.default.contentsOfDirectory(atPath: folder)
        let types = Set(files.map { $0.replacingOccurrences(of: ".json", with: "") })
        #expect(types == Set(Samples.bodies.map(\.type)))
        #expect(types.isSuperset(of: TimelineType.allCases.map(\.rawValue)))
    }

    private func canonical(_ json: Data) throws -> NSDictionary {
        try #require(try JSONSerialization.jsonObject(with: json) as? NSDictionary)
    }

    private func record(_ event: Event, in folder: String) throws {
        let object = try JSONSerialization.jsonObject(with: Data(EventCodec.encode(event)))
        let data = try JSONSerialization.data(
            withJSONObject: object, options: [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes])
        try (data + Data("\n".utf8)).write(to: URL(fileURLWithPath: "\(folder)/\(event.type).json"))
    }
}
