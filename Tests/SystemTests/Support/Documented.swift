import ParlorClient
import TestSupport
import Testing

/// Holds what the stack says against `docs/api`: everything that a test gets to see, whatever it looks for itself.
enum Documented {
    static func check(_ method: String, _ path: String, _ body: [UInt8]?, _ answer: ParlorAnswer) {
        let found = Result {
            try OpenAPIDocument.shared.faults(
                in: .init(
                    method, path, request: body, status: answer.status, contentType: answer.headers["content-type"],
                    answer: answer.body))
        }
        record(found, "\(method) \(path)", answer.text)
    }

    static func check(_ frame: ParlorFrame, on channel: AsyncAPIDocument.Channel) {
        record(Result { try AsyncAPIDocument.shared.faults(in: frame.json, on: channel) }, "a frame", frame.text)
    }

    /// - Parameter text: the body of an event.
    static func check(event text: String) {
        let found = Result {
            try AsyncAPIDocument.shared.faults(in: JSONValue(parsing: text), on: .events)
        }
        record(found, "an event", text)
    }

    private static func record(_ found: Result<[String], any Error>, _ what: String, _ text: String) {
        switch found {
        case .success(let faults) where faults.isEmpty: break
        case .success(let faults): Issue.record("\(what) is not as documented: \(faults) in \(text.prefix(2000))")
        case .failure(let error): Issue.record(error, "\(what)")
        }
    }
}
