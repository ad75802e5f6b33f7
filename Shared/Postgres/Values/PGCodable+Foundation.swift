public import FoundationEssentials

/// `timestamptz`, in whole microseconds. The server's infinities are the distant past and future.
extension Date: PGCodable {
    public static var pgType: PGType { .timestamptz }

    /// From the server's epoch, 2000-01-01, to Foundation's, 2001-01-01.
    private static let epochGap = 366.0 * 86_400

    public func encode(into buffer: inout PGBuffer) {
        let microseconds = ((timeIntervalSinceReferenceDate + Self.epochGap) * 1_000_000).rounded()
        guard let exact = Int64(exactly: microseconds) else {
            return buffer.fail(PGError(.encoding, "the date lies outside of the server's range"))
        }
        buffer.write(exact)
    }

    public init(pg value: borrowing PGValue) throws {
        switch value.oid {
        case PGType.timestamptz.oid, PGType.timestamp.oid:
            switch try value.integer(Int64.self) {
            case .max: self = .distantFuture
            case .min: self = .distantPast
            case let microseconds:
                self.init(timeIntervalSinceReferenceDate: Double(microseconds) / 1_000_000 - Self.epochGap)
            }
        case PGType.date.oid:
            let days = try value.integer(Int32.self)
            self.init(timeIntervalSinceReferenceDate: Double(days) * 86_400 - Self.epochGap)
        default: throw value.mismatch(Date.self)
        }
    }
}

extension Data: PGCodable {
    public static var pgType: PGType { .bytea }

    public func encode(into buffer: inout PGBuffer) {
        buffer.write(contentsOf: self)
    }

    public init(pg value: borrowing PGValue) throws {
        guard value.oid == PGType.bytea.oid else { throw value.mismatch(Data.self) }
        self = try value.withBytes { Data($0) }
    }
}
