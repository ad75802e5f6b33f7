import Events
import Identifiers
import ParlorClient
import TestSupport
import Testing

/// docs/api/asyncapi.json describes every event that the services send, as they send it.
@Suite struct EventDocumentTests {
    @Test(arguments: Samples.events)
    func theEventIsAsDescribed(_ event: Event) throws {
        let json = try ParlorClient.JSONValue(parsing: EventCodec.encode(event))
        #expect(try AsyncAPIDocument.shared.faults(in: json, on: .events) == [])
    }

    @Test(arguments: Samples.events)
    func itsRoutingKeyIsTheOneDescribed(_ event: Event) throws {
        let words = event.routingKey.split(separator: ".").dropLast().joined(separator: ".")
        let key = event.room == nil ? words : "\(words).<code>"
        #expect(try AsyncAPIDocument.shared.summary(ofEvent: event.type).contains(key), "\(key)")
    }

    @Test func noOtherEventsAreDescribed() throws {
        let types = Set(Samples.events.map(\.type))
        #expect(try AsyncAPIDocument.shared.types(on: .events) == types)
    }

    /// What is stricter than the standard, and what would hide a mistake.
    @Test func faultsAreFound() throws {
        let event = try #require(Samples.events.first { $0.type == "member_joined" })
        let fields = try #require(try ParlorClient.JSONValue(parsing: EventCodec.encode(event)).object)
        func faults(_ change: (inout [String: ParlorClient.JSONValue]) -> Void) throws -> Int {
            var changed = fields
            change(&changed)
            return try AsyncAPIDocument.shared.faults(in: .object(changed), on: .events).count
        }
        #expect(try faults { $0["member"] = nil } == 1)
        #expect(try faults { $0["stranger"] = 1 } == 1)
        #expect(try faults { $0["seq"] = "1" } == 1)
        #expect(try faults { $0["seq"] = 0 } == 1)
        #expect(try faults { $0["timestamp"] = "2026-01-31T12:34:56Z" } == 1)
        #expect(try faults { $0["room_id"] = "abc" } == 1)
        #expect(try faults { $0["event_type"] = "member_came" } == 1)
        #expect(try faults { $0["target_user_id"] = nil } == 0)
    }
}
