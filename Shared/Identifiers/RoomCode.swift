/// The public, friendly id of a room: `abc-defg-hij`.
public struct RoomCode: Hashable, Sendable, Codable, LosslessStringConvertible {
    public let description: String

    /// Accepts exactly `[a-z]{3}-[a-z]{4}-[a-z]{3}`.
    public init?(_ description: String) {
        guard Self.isWellFormed(description.utf8) else { return nil }
        self.description = description
    }

    /// A code drawn from the system's cryptographic source: 26¹⁰ possibilities, about 47 bits.
    public static func random() -> RoomCode {
        var source = SystemRandomNumberGenerator()
        var letters: [UInt8] = []
        letters.reserveCapacity(12)
        for position in 0..<12 {
            let isHyphen = position == 3 || position == 8
            letters.append(
                isHyphen ? UInt8(ascii: "-") : UInt8.random(in: UInt8(ascii: "a")...UInt8(ascii: "z"), using: &source))
        }
        return RoomCode(unchecked: String(decoding: letters, as: UTF8.self))
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let code = RoomCode(try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "must be a room code")
        }
        self = code
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }

    private init(unchecked description: String) { self.description = description }

    private static func isWellFormed(_ text: String.UTF8View) -> Bool {
        guard text.count == 12 else { return false }
        for (position, byte) in text.enumerated() {
            if position == 3 || position == 8 {
                guard byte == UInt8(ascii: "-") else { return false }
            } else {
                guard (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) else { return false }
            }
        }
        return true
    }
}

/// How a caller names a room: by its code or by its internal id. Both work wherever a path or body names a room.
public enum RoomReference: Hashable, Sendable, LosslessStringConvertible {
    case code(RoomCode)
    case id(RoomID)

    /// `nil` for what is neither a code nor a UUID.
    public init?(_ description: String) {
        if let code = RoomCode(description) {
            self = .code(code)
        } else if let id = RoomID(description) {
            self = .id(id)
        } else {
            return nil
        }
    }

    public var description: String {
        switch self {
        case .code(let code): code.description
        case .id(let id): id.description
        }
    }
}

/// A room's two names, together.
public struct RoomRef: Hashable, Sendable {
    public let id: RoomID
    public let code: RoomCode

    public init(id: RoomID, code: RoomCode) {
        self.id = id
        self.code = code
    }
}
