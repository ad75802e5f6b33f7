import Foundation
import ParlorClient

extension Person {
    /// Repeats a call while nobody answers, or the answer asks for another try.
    ///
    /// - Returns: the first answer that decides.
    func insist(
        _ method: String, _ path: String, body: JSONValue? = nil, headers: [String: String] = [:],
        at url: String? = nil, within limit: Duration = .seconds(120)
    ) async throws -> ParlorAnswer {
        var http = http
        if let url { http.baseURL = url }
        let deadline = ContinuousClock.now + limit
        while true {
            if let answer = try? await http.exchange(method, path, body: body, headers: headers),
                answer.isSuccess || answer.problem?.isRetryable != true
            {
                return answer
            }
            try Task.checkCancellation()
            guard .now < deadline else { throw StackFault(description: "\(method) \(path) had no answer in \(limit)") }
            try await Task.sleep(for: .milliseconds(.random(in: 100...300)))
        }
    }
}

/// Does something for every element, a few at a time.
func forEach<Element: Sendable>(
    _ elements: some Sequence<Element>, atOnce width: Int, _ body: @escaping @Sendable (Element) async throws -> Void
) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
        var running = 0
        for element in elements {
            if running == width { try await group.next() } else { running += 1 }
            group.addTask { try await body(element) }
        }
        try await group.waitForAll()
    }
}
