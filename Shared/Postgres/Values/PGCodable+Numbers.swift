extension Bool: PGCodable {
    public static var pgType: PGType { .bool }

    public func encode(into buffer: inout PGBuffer) {
        buffer.write(UInt8(self ? 1 : 0))
    }

    public init(pg value: borrowing PGValue) throws {
        guard value.oid == PGType.bool.oid else { throw value.mismatch(Bool.self) }
        self = try value.integer(UInt8.self) != 0
    }
}

extension FixedWidthInteger {
    /// Every integer type of the server fits every one of ours whose range holds the value; so does a whole numeric,
    /// which `sum(bigint)` returns.
    fileprivate static func decode(_ value: borrowing PGValue) throws -> Self {
        let wide: Int64
        switch value.oid {
        case PGType.bigint.oid: wide = try value.integer(Int64.self)
        case PGType.integer.oid: wide = Int64(try value.integer(Int32.self))
        case PGType.smallint.oid: wide = Int64(try value.integer(Int16.self))
        case PGType.numeric.oid:
            guard let whole = try PGNumericText(value).integer else { throw value.mismatch(Self.self) }
            wide = whole
        default: throw value.mismatch(Self.self)
        }
        guard let exact = Self(exactly: wide) else {
            throw PGError(.decoding, "\(wide) does not fit \(Self.self)")
        }
        return exact
    }
}

extension Int: PGCodable {
    public static var pgType: PGType { .bigint }
    public func encode(into buffer: inout PGBuffer) { buffer.write(Int64(self)) }
    public init(pg value: borrowing PGValue) throws { self = try .decode(value) }
}

extension Int64: PGCodable {
    public static var pgType: PGType { .bigint }
    public func encode(into buffer: inout PGBuffer) { buffer.write(self) }
    public init(pg value: borrowing PGValue) throws { self = try .decode(value) }
}

extension Int32: PGCodable {
    public static var pgType: PGType { .integer }
    public func encode(into buffer: inout PGBuffer) { buffer.write(self) }
    public init(pg value: borrowing PGValue) throws { self = try .decode(value) }
}

extension Int16: PGCodable {
    public static var pgType: PGType { .smallint }
    public func encode(into buffer: inout PGBuffer) { buffer.write(self) }
    public init(pg value: borrowing PGValue) throws { self = try .decode(value) }
}

extension Double: PGCodable {
    public static var pgType: PGType { .double }
    public func encode(into buffer: inout PGBuffer) { buffer.write(bitPattern) }

    public init(pg value: borrowing PGValue) throws {
        switch value.oid {
        case PGType.double.oid: self = Double(bitPattern: try value.integer(UInt64.self))
        case PGType.real.oid: self = Double(Float(bitPattern: try value.integer(UInt32.self)))
        case PGType.numeric.oid: self = try PGNumericText(value).double
        default: self = Double(try Int64.decode(value))
        }
    }
}

extension Float: PGCodable {
    public static var pgType: PGType { .real }
    public func encode(into buffer: inout PGBuffer) { buffer.write(bitPattern) }

    public init(pg value: borrowing PGValue) throws {
        guard value.oid == PGType.real.oid else { throw value.mismatch(Float.self) }
        self = Float(bitPattern: try value.integer(UInt32.self))
    }
}
