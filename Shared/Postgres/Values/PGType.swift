/// A type of the server, by the numbers that its catalogue gives to it and to arrays of it.
public struct PGType: Hashable, Sendable {
    public let oid: UInt32
    /// 0 when there is no array type.
    public let arrayOID: UInt32

    public init(oid: UInt32, arrayOID: UInt32 = 0) {
        self.oid = oid
        self.arrayOID = arrayOID
    }

    public static let bool = PGType(oid: 16, arrayOID: 1000)
    public static let bytea = PGType(oid: 17, arrayOID: 1001)
    public static let bigint = PGType(oid: 20, arrayOID: 1016)
    public static let smallint = PGType(oid: 21, arrayOID: 1005)
    public static let integer = PGType(oid: 23, arrayOID: 1007)
    public static let text = PGType(oid: 25, arrayOID: 1009)
    public static let json = PGType(oid: 114, arrayOID: 199)
    public static let real = PGType(oid: 700, arrayOID: 1021)
    public static let double = PGType(oid: 701, arrayOID: 1022)
    public static let date = PGType(oid: 1082, arrayOID: 1182)
    public static let timestamp = PGType(oid: 1114, arrayOID: 1115)
    public static let timestamptz = PGType(oid: 1184, arrayOID: 1185)
    public static let numeric = PGType(oid: 1700, arrayOID: 1231)
    public static let uuid = PGType(oid: 2950, arrayOID: 2951)
    public static let jsonb = PGType(oid: 3802, arrayOID: 3807)

    /// The first number that is not the server's own: enums, domains and types of extensions lie above.
    static let firstUserOID: UInt32 = 16384
}
