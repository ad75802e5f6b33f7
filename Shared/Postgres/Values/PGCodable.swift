/// A value that can be a parameter.
///
/// A type of ours forwards to the one it is made of:
/// ```swift
/// extension RoomID: PGCodable {
///     public static var pgType: PGType { UUID.pgType }
///     public func encode(into buffer: inout PGBuffer) { uuid.encode(into: &buffer) }
///     public init(pg value: borrowing PGValue) throws { self.init(try UUID(pg: value)) }
/// }
/// ```
/// An enum with a raw value needs no more than the conformance.
public protocol PGEncodable: Sendable {
    static var pgType: PGType { get }
    /// Whether the value is NULL, so that `encode` is not asked; only `Optional` says yes.
    var pgIsNull: Bool { get }
    func encode(into buffer: inout PGBuffer)
}

extension PGEncodable {
    public var pgIsNull: Bool { false }
}

/// A value that can be read from a column.
public protocol PGDecodable: Sendable {
    /// - Throws: `PGError` of kind `.decoding` when the column's type does not fit; the row adds the column's name.
    init(pg value: borrowing PGValue) throws
}

/// Both directions, alone and in arrays.
public typealias PGCodable = PGArrayElement & PGDecodable & PGEncodable

extension Optional: PGEncodable where Wrapped: PGEncodable {
    public static var pgType: PGType { Wrapped.pgType }
    public var pgIsNull: Bool { self == nil }

    public func encode(into buffer: inout PGBuffer) {
        self?.encode(into: &buffer)
    }
}

extension Optional: PGDecodable where Wrapped: PGDecodable {
    public init(pg value: borrowing PGValue) throws {
        self = value.isNull ? nil : try Wrapped(pg: value)
    }
}

extension PGEncodable where Self: RawRepresentable, RawValue: PGEncodable {
    public static var pgType: PGType { RawValue.pgType }

    public func encode(into buffer: inout PGBuffer) {
        rawValue.encode(into: &buffer)
    }
}

extension PGDecodable where Self: RawRepresentable, RawValue: PGDecodable {
    public init(pg value: borrowing PGValue) throws {
        let raw = try RawValue(pg: value)
        guard let known = Self(rawValue: raw) else { throw PGError(.decoding, "not a value of \(Self.self)") }
        self = known
    }
}
