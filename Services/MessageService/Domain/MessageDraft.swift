import Events
import Identifiers

/// A message as somebody wants to send it, checked against the rules of contract section 4.
struct MessageDraft: Sendable, Equatable {
    let type: MessageType
    let content: String
    let trackRef: TrackRef?
    let parentId: MessageID?
    /// `nil` where the client does not ask for exactly-once.
    let clientMessageId: String?

    /// - Throws: ``InvalidDraft`` with every field at fault.
    init(
        type: MessageType, content: String, trackRef: TrackRef?, parentId: MessageID?, clientMessageId: String?,
        limits: MessageLimits
    ) throws(InvalidDraft) {
        var faults: [FieldFault] = []
        if let reason = limits.fault(inContent: content) { faults.append(FieldFault("content", reason)) }
        if type == .system { faults.append(FieldFault("type", "must be text, track_card or reply")) }
        if type == .reply, parentId == nil { faults.append(FieldFault("parentId", "is required for a reply")) }
        if type == .trackCard, trackRef == nil { faults.append(FieldFault("trackRef", "is required for a track card")) }
        if let trackRef { faults += trackRef.faults.map { FieldFault($0.field, $0.message) } }
        if let clientMessageId, let reason = limits.fault(inClientMessageId: clientMessageId) {
            faults.append(FieldFault("clientMessageId", reason))
        }
        guard faults.isEmpty else { throw InvalidDraft(faults: faults) }
        self.type = type
        self.content = content
        self.trackRef = trackRef
        self.parentId = parentId
        self.clientMessageId = clientMessageId
    }

    /// Equal for equal bodies: what tells a repeat from another message under the same `clientMessageId`.
    ///
    /// Kept in the database, so its definition never changes. A sender who makes two bodies collide deceives only
    /// themselves.
    var digest: Int64 {
        var hash = FNV1a()
        hash.add(type.rawValue)
        hash.add(content)
        hash.add(parentId?.description)
        hash.add(trackRef?.provider)
        hash.add(trackRef?.id)
        hash.add(trackRef?.title)
        hash.add(trackRef?.artist)
        hash.add(trackRef?.durationMs.map(String.init))
        hash.add(trackRef?.artworkUrl)
        hash.add(trackRef?.url)
        return Int64(bitPattern: hash.value)
    }

    /// What two texts must share to count as repeated (contract, section 12).
    var contentHash: UInt64 {
        var hash = FNV1a()
        hash.add(content)
        return hash.value
    }
}

/// Why a body cannot be a message.
struct InvalidDraft: Error, Equatable {
    let faults: [FieldFault]
}

struct FieldFault: Sendable, Equatable {
    let field: String
    let message: String

    init(_ field: String, _ message: String) {
        self.field = field
        self.message = message
    }
}

/// FNV-1a over a sequence of optional texts, each ended by a byte that no UTF-8 has.
private struct FNV1a {
    private(set) var value: UInt64 = 0xCBF2_9CE4_8422_2325

    mutating func add(_ text: String?) {
        if var text {
            text.withUTF8 { for byte in $0 { add(byte) } }
            add(0xFF)
        } else {
            add(0xFE)
        }
    }

    private mutating func add(_ byte: UInt8) { value = (value ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
}
