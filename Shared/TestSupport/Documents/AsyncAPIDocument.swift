public import ParlorClient

/// `docs/api/asyncapi.json`, executed: frames and events must be what it promises.
public struct AsyncAPIDocument: Sendable {
    /// What goes over one of its channels.
    public enum Channel: String, Sendable { case room, status, events }

    private let schema: JSONSchema
    /// By channel and type.
    private let payloads: [Channel: [String: JSONValue]]
    private let eventSummaries: [String: String]

    /// - Throws: where the file is missing or unreadable.
    public static var shared: AsyncAPIDocument { get throws { try loaded.get() } }

    private static let loaded = Result { try AsyncAPIDocument() }

    private init() throws {
        let schema = try JSONSchema(document: "asyncapi.json")
        var payloads: [Channel: [String: JSONValue]] = [:]
        var eventSummaries: [String: String] = [:]
        // What we send; a frame of the same type that we take may look another way.
        for operation in (schema.root["operations"]?.object ?? [:]).values where operation["action"] == "send" {
            let name = operation["channel"]?["$ref"]?.string?.split(separator: "/").last
            guard let channel = name.flatMap({ Channel(rawValue: String($0)) }) else { continue }
            for reference in operation["messages"]?.array ?? [] {
                guard let message = schema.resolve(reference), let type = message["name"]?.string else { continue }
                payloads[channel, default: [:]][type] = message["payload"]
                if channel == .events { eventSummaries[type] = message["summary"]?.string }
            }
        }
        self.schema = schema
        self.payloads = payloads
        self.eventSummaries = eventSummaries
    }

    /// What is said of an event; empty for one that is not documented.
    public func summary(ofEvent type: String) -> String { eventSummaries[type] ?? "" }

    /// The types that are sent over a channel.
    public func types(on channel: Channel) -> Set<String> { Set((payloads[channel] ?? [:]).keys) }

    /// What is wrong with a frame or an event; empty when all is well.
    public func faults(in value: JSONValue, on channel: Channel) -> [String] {
        let type = value[channel == .events ? "event_type" : "type"]?.string ?? ""
        guard let payload = payloads[channel]?[type] else { return ["the type '\(type)' is not documented"] }
        return schema.faults(in: value, payload, at: type)
    }
}
