/// What came back for a request, whatever its status.
public struct ParlorAnswer: Sendable {
    public var status: Int
    /// Names in lower case; of a repeated header the last value.
    public var headers: [String: String]
    public var body: [UInt8]
    /// From sending to the last byte.
    public var duration: Duration

    /// The body; nil where it is empty or no JSON.
    public var json: JSONValue? { try? JSONValue(parsing: body) }
    public var text: String { String(decoding: body, as: UTF8.self) }
    public var requestID: String? { headers["x-request-id"] }
    public var etag: String? { headers["etag"] }
    public var isSuccess: Bool { (200..<300).contains(status) }

    /// The refusal, where it is one.
    public var problem: ParlorProblem? { isSuccess ? nil : ParlorProblem(self) }
}
