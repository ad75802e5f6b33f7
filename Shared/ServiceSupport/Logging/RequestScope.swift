import Foundation
import Synchronization

/// What is known of the request, frame or event that work is being done for. It follows the task, into every log line
/// and onto every call and event that the work causes.
public struct RequestScope: Sendable {
    @TaskLocal public static var current: RequestScope?

    public var requestID: String
    /// W3C trace context, as it came or was made.
    public var traceparent: String?
    public var userID: String?
    private let noted = Noted()

    public init(requestID: String, traceparent: String? = nil, userID: String? = nil) {
        self.requestID = requestID
        self.traceparent = traceparent
        self.userID = userID
    }

    /// The code of the room that the work turned out to be about, for log lines.
    public var roomID: String? { noted.roomID.withLock(\.self) }

    /// Notes the code of that room, for everybody who shares the scope.
    public func note(roomID: String) { noted.roomID.withLock { $0 = roomID } }

    private final class Noted: Sendable {
        let roomID = Mutex<String?>(nil)
    }

    /// A new request id: 32 hexadecimal digits.
    public static func makeRequestID() -> String {
        // Foundation's UUID would open a file for its randomness.
        var random = SystemRandomNumberGenerator()
        return [random.next(), random.next()].map { (half: UInt64) in
            let digits = String(half, radix: 16)
            return String(repeating: "0", count: 16 - digits.utf8.count) + digits
        }.joined()
    }

    /// A W3C trace context for work that came without one. A request id of our making is the trace's id too.
    public static func makeTraceparent(requestID: String) -> String {
        let digits = requestID.utf8
        let isOurs = digits.count == 32 && isHex(requestID[...]) && digits.suffix(16).contains { $0 != 0x30 }
        let trace = isOurs ? requestID : makeRequestID()
        return "00-\(trace)-\(trace.suffix(16))-01"
    }

    /// 1–128 visible ASCII characters are taken over from outside; anything else is not.
    public static func isAcceptable(requestID: String) -> Bool {
        (1...128).contains(requestID.utf8.count) && requestID.utf8.allSatisfy { (0x21...0x7E).contains($0) }
    }

    /// A trace context that is malformed is none (W3C Trace Context, section 3.2): of any version but 255, with ids that
    /// are not zero. Later versions may say more.
    public static func isAcceptable(traceparent: String) -> Bool {
        guard (55...256).contains(traceparent.utf8.count) else { return false }
        let parts = traceparent.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count >= 4, zip(parts, [2, 32, 16, 2]).allSatisfy({ $0.utf8.count == $1 && isHex($0) }) else {
            return false
        }
        let isZero = parts[1...2].contains { $0.allSatisfy { $0 == "0" } }
        return parts[0] != "ff" && !isZero && (parts.count == 4 || parts[0] != "00")
    }

    private static func isHex(_ text: Substring) -> Bool {
        text.utf8.allSatisfy {
            (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains($0)
        }
    }
}
