import Foundation

/// A line of the table: one of ours beside the bare library, its own tool or a bare loop, measured in the same run on
/// the same machine.
struct Comparison: Sendable {
    enum Aim: Sendable {
        /// For times: ours may be at most so many times the other.
        case atMost(Double)
        /// For rates: ours should be at least so many times the other.
        case atLeast(Double)
        /// Ours alone should be below.
        case below(Double)
        /// Worth knowing, and nobody promised anything.
        case none
    }

    var name: String
    var ours: Double
    /// Nil where there is nothing of the kind.
    var bare: Double?
    var unit: String
    var aim: Aim

    var ratio: Double? { bare.map { ours / $0 } }

    var isMet: Bool {
        switch aim {
        case .atMost(let limit): ratio.map { $0 <= limit } ?? false
        case .atLeast(let limit): ratio.map { $0 >= limit } ?? false
        case .below(let limit): ours < limit
        case .none: true
        }
    }

    static let header = line("", "ours", "bare", "unit", "ratio", "aim")

    /// One line of the table.
    var line: String {
        let goal =
            switch aim {
            case .atMost(let limit): "≤ \(limit)"
            case .atLeast(let limit): "≥ \(limit)"
            case .below(let limit): "< \(Self.number(limit))"
            case .none: ""
            }
        return Self.line(
            name, Self.number(ours), bare.map(Self.number) ?? "–", unit,
            ratio.map { String(format: "%.2f", $0) } ?? "–", goal) + (isMet ? "" : "  missed")
    }

    private static func line(
        _ name: String, _ ours: String, _ bare: String, _ unit: String, _ ratio: String, _ aim: String
    ) -> String {
        func column(_ text: String, _ width: Int) -> String {
            String(repeating: " ", count: max(0, width - text.count)) + text
        }
        let title = name + String(repeating: " ", count: max(0, 58 - name.count))
        return title + column(ours, 10) + column(bare, 10) + column(unit, 6) + column(ratio, 8) + column(aim, 9)
    }

    private static func number(_ value: Double) -> String { String(format: value < 1000 ? "%.1f" : "%.0f", value) }
}

extension [Duration] {
    /// The middle one, in microseconds.
    var medianMicroseconds: Double { microseconds(0.5) }

    /// What so great a share of them does not exceed, in microseconds.
    func microseconds(_ share: Double) -> Double {
        guard !isEmpty else { return .nan }
        return sorted()[Swift.min(count - 1, Int(Double(count) * share))] / .microseconds(1)
    }
}

/// Runs `operation` as often as it can for `time` from `callers` tasks at once; answers with its rate per second.
///
/// - Parameter executor: where a caller runs; nil for the cooperative pool.
func measureThroughput(
    callers: Int, for time: Duration, on executor: (_ caller: Int) -> (any TaskExecutor)? = { _ in nil },
    _ operation: @escaping @Sendable (_ caller: Int) async throws -> Void
) async throws -> Double {
    let start = ContinuousClock.now
    let total = try await withThrowingTaskGroup(of: Int.self) { group in
        for caller in 0..<callers {
            group.addTask(executorPreference: executor(caller)) {
                var count = 0
                while ContinuousClock.now - start < time {
                    try await operation(caller)
                    count += 1
                }
                return count
            }
        }
        return try await group.reduce(0, +)
    }
    return Double(total) / ((ContinuousClock.now - start) / .seconds(1))
}
