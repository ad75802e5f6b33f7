import Events
import Foundation
import Identifiers
import Testing

@Suite struct EventTests {
    @Test func unknownFieldsAreIgnored() throws {
        let json = """
            {"event_id":"01900000-0000-7000-8000-000000000064","event_type":"mutual_like","room_id":"abc-defg-hij",\
            "room_uuid":"01900000-0000-7000-8000-000000000001","user_id":null,"timestamp":"2026-01-31T12:34:56.789Z",\
            "from_the_future":{"a":[1]}}
            """
        let event = try EventCodec.decode(Array(json.utf8))
        #expect(event.body == .mutualLike)
        #expect(event.room == Samples.room)
    }

    @Test func unknownTypesAreSurvived() throws {
        let json = """
            {"event_id":"01900000-0000-7000-8000-000000000064","event_type":"teleported","timestamp":"2026-01-31T12:34:56Z"}
            """
        #expect(try EventCodec.decode(Array(json.utf8)).body == .unknown("teleported"))
    }

    @Test(arguments: ["", "[]", "nonsense", "{}", #"{"event_id":"x","event_type":"mutual_like"}"#])
    func whatIsNoEventIsRefused(_ text: String) {
        #expect(throws: DecodingError.self) { try EventCodec.decode(Array(text.utf8)) }
    }

    @Test func routingKeysNameAggregateEventAndRoom() {
        let keys = Dictionary(uniqueKeysWithValues: Samples.events.map { ($0.type, $0.routingKey) })
        #expect(keys["message_created"] == "message.created.abc-defg-hij")
        #expect(keys["reaction_added"] == "message.reaction_added.abc-defg-hij")
        #expect(keys["user_joined"] == "room.user_joined.abc-defg-hij")
        #expect(keys["room_created"] == "room.created.abc-defg-hij")
        #expect(keys["invitation_delivery_changed"] == "invitation.delivery_changed.abc-defg-hij")
        #expect(keys["user_banned"] == "user.banned.-")
        #expect(keys["queue_updated"] == "session.queue_updated.abc-defg-hij")
        #expect(keys["match_found"] == "pair.match_found.abc-defg-hij")
        #expect(keys["notification_created"] == "notification.created.-")
    }

    @Test func aFactPassesTwiceUnderTwoKeys() {
        var event = Event(body: .timeline(.memberJoined(Samples.member)), room: Samples.room, fact: 1)
        #expect(event.routingKey == "room.member_joined.abc-defg-hij")
        event.fact = nil
        event.seq = 1
        #expect(event.routingKey == "timeline.member_joined.abc-defg-hij")
    }

    @Test func aMessageIsFlatUnderTheNamesOfTheContract() throws {
        let event = try #require(Samples.events.first)
        let object = try JSONSerialization.jsonObject(with: Data(EventCodec.encode(event))) as? [String: Any]
        let json = try #require(object)
        #expect(json["message_id"] as? String == Samples.message.id.description)
        #expect(json["sender_id"] as? String == Samples.alice.description)
        #expect(json["message_type"] as? String == "track_card")
        #expect(json["content"] as? String == Samples.message.content)
        #expect((json["track_ref"] as? [String: Any])?["duration_ms"] as? Int == 1000)
        #expect(json["message"] == nil)
    }

    /// Names within sessions and payloads too; what is data stays as it is.
    @Test(arguments: Samples.events)
    func noNameHasACapital(_ event: Event) throws {
        let json = try JSONSerialization.jsonObject(with: Data(EventCodec.encode(event)))
        func names(_ value: Any) -> [String] {
            switch value {
            case let object as [String: Any]: object.flatMap { [$0] + names($1) }
            case let array as [Any]: array.flatMap(names)
            default: []
            }
        }
        #expect(names(json).filter { $0 != $0.lowercased() } == [])
    }

    @Test func payloadsAndSessionsAreInCamelCaseElsewhere() throws {
        let payload = String(decoding: try WireJSON.encode(Samples.notification), as: UTF8.self)
        #expect(payload.contains(#""payload":{"roomId":"#))
        let entry = TimelineEntry(seq: 1, at: Samples.at, userId: nil, body: .sessionStarted(Samples.session))
        let text = String(decoding: try WireJSON.encode(entry), as: UTF8.self)
        #expect(text.contains(#""currentDJId":"#) && text.contains(#""durationMs":"#))
    }

    @Test func anInvitationNeedsOnlyWhatTheContractNames() throws {
        let json = """
            {"event_id":"01900000-0000-7000-8000-000000000064","event_type":"invitation_created","room_id":"abc-defg-hij",\
            "room_uuid":"01900000-0000-7000-8000-000000000001","user_id":"01900000-0000-7000-8000-000000000002",\
            "timestamp":"2026-01-31T12:34:56.789Z","invitation_id":"01900000-0000-7000-8000-000000000007",\
            "email":"carol@example.org","status":"pending"}
            """
        var expected = Samples.invitation(.pending, .queued)
        expected.roomName = nil
        expected.expiresAt = Samples.at + .seconds(7 * 86_400)
        #expect(try EventCodec.decode(Array(json.utf8)).body == .invitationCreated(expected))
    }

    /// A service that lives by an event must not miss it because its queue was not there yet.
    @Test func whatServicesLiveByMustBeConsumed() {
        let types = Set(Samples.events.filter(\.mustBeConsumed).map(\.type))
        #expect(types.allSatisfy { $0.hasPrefix("invitation_") } && types.count == 4)
        let facts = Samples.events.map { event in
            var fact = event
            fact.seq = nil
            return fact
        }.filter(\.mustBeConsumed).map(\.type)
        #expect(facts.contains("member_joined") && facts.contains("room_ended") && facts.contains("track_started"))
        #expect(!facts.contains("message_created") && !facts.contains("user_joined"))
    }

    @Test func entriesAreFlatInCamelCase() throws {
        let entry = TimelineEntry(
            seq: 3, at: Samples.at, userId: nil, body: .memberBanned(Samples.member, reason: nil, until: nil))
        let bytes = try WireJSON.encode(entry)
        let object = try JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any]
        let json = try #require(object)
        #expect(json["type"] as? String == "member_banned")
        #expect(json["seq"] as? Int == 3)
        #expect(json["userId"] is NSNull)
        #expect(json["reason"] is NSNull && json["until"] is NSNull)
        #expect((json["member"] as? [String: Any])?["displayName"] as? String == Samples.member.displayName)
        #expect(try WireJSON.decode(TimelineEntry.self, from: bytes) == entry)
    }

    @Test func aRoomInAnEntryHasNoCounts() throws {
        let bytes = try WireJSON.encode(Samples.view)
        let json = try #require(try JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any])
        #expect(json["memberCount"] == nil && json["myRole"] == nil)
        #expect(json["endedAt"] is NSNull)
    }

    @Test func commandShardsAreStable() {
        #expect(CommandShard.shard(of: Samples.room.id) == CommandShard.shard(of: Samples.room.id))
        let shards = Set((0..<200).map { _ in CommandShard.shard(of: .new()) })
        #expect(shards == Set(0..<CommandShard.count))
    }
}
