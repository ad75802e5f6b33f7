import ArgumentParser
import Foundation
import ParlorClient

/// Makes a call again, later each time, while the server is away or asks for it: who watches a room waits for a server
/// that restarts.
///
/// - Throws: a refusal that another attempt would meet again.
@discardableResult
func patiently<T>(_ call: () async throws -> T) async throws -> T {
    var policy = ReconnectPolicy()
    while true {
        let reason: String
        do {
            return try await call()
        } catch let problem as ParlorProblem where problem.isRetryable {
            reason = "\(problem)"
        } catch let error where !isFinal(error) {
            reason = "the server cannot be reached"
        }
        guard case .retry(let delay) = policy.ended(nil) else { continue }
        FileHandle.standardError.write(Data("— \(reason); trying again in \(delay.inSeconds)\n".utf8))
        try await Task.sleep(for: delay)
    }
}

extension Duration {
    /// For people who wait: "1.8 s".
    var inSeconds: String { String(format: "%.1f s", self / .seconds(1)) }
}

/// Whether another attempt would end in the same way; all else is about the connection.
private func isFinal(_ error: any Error) -> Bool {
    error is ParlorProblem || error is ParlorClientError || error is ValidationError || error is CancellationError
}
