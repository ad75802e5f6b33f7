/// A condition that did not come true.
public struct NeverHappened: Error, CustomStringConvertible {
    public var description: String
}

/// Asks until `condition` holds. The deadline is generous: it is there so that a broken test ends, not to measure.
///
/// - Throws: `NeverHappened` naming `what`; or what `condition` throws.
public func eventually(
    _ what: String, within limit: Duration = .seconds(180), every interval: Duration = .milliseconds(10),
    _ condition: () async throws -> Bool
) async throws {
    let deadline = ContinuousClock.now + limit
    while try await !condition() {
        guard ContinuousClock.now < deadline else {
            throw NeverHappened(description: "within \(limit) it never happened that \(what)")
        }
        try await Task.sleep(for: interval)
    }
}
