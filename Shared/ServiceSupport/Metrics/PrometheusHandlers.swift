import CoreMetrics
import Synchronization

final class PrometheusCounter: CounterHandler, FloatingPointCounterHandler {
    private let value = Mutex(0.0)

    func increment(by amount: Int64) { value.withLock { $0 += Double(amount) } }
    func increment(by amount: Double) { value.withLock { $0 += amount } }
    func reset() { value.withLock { $0 = 0 } }

    var text: String { PrometheusNumber.text(value.withLock { $0 }) }
}

final class PrometheusGauge: MeterHandler, RecorderHandler {
    private let value = Mutex(0.0)

    func set(_ new: Int64) { value.withLock { $0 = Double(new) } }
    func set(_ new: Double) { value.withLock { $0 = new } }
    func increment(by amount: Double) { value.withLock { $0 += amount } }
    func decrement(by amount: Double) { value.withLock { $0 -= amount } }
    func record(_ new: Int64) { set(new) }
    func record(_ new: Double) { set(new) }

    var text: String { PrometheusNumber.text(value.withLock { $0 }) }
}

/// Recorders count in the unit they record; timers count in milliseconds.
final class PrometheusHistogram: RecorderHandler, TimerHandler {
    /// Upper bounds that suit milliseconds and member counts alike.
    static let bounds: [Double] = [0.5, 1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000]

    private struct State {
        var buckets = [Int64](repeating: 0, count: PrometheusHistogram.bounds.count)
        var count: Int64 = 0
        var sum = 0.0
    }

    private let state = Mutex(State())

    func record(_ value: Int64) { record(Double(value)) }
    func recordNanoseconds(_ duration: Int64) { record(Double(duration) / 1_000_000) }

    func record(_ value: Double) {
        state.withLock { state in
            state.count += 1
            state.sum += value
            if let bucket = Self.bounds.firstIndex(where: { value <= $0 }) { state.buckets[bucket] += 1 }
        }
    }

    func lines(name: String, labels: String) -> String {
        let state = state.withLock { $0 }
        let prefix = labels.isEmpty ? "" : labels + ","
        let braces = labels.isEmpty ? "" : "{\(labels)}"
        var text = ""
        var cumulative: Int64 = 0
        for (bound, count) in zip(Self.bounds, state.buckets) {
            cumulative += count
            text += "\(name)_bucket{\(prefix)le=\"\(PrometheusNumber.text(bound))\"} \(cumulative)\n"
        }
        text += "\(name)_bucket{\(prefix)le=\"+Inf\"} \(state.count)\n"
        text += "\(name)_sum\(braces) \(PrometheusNumber.text(state.sum))\n"
        text += "\(name)_count\(braces) \(state.count)\n"
        return text
    }
}

enum PrometheusNumber {
    static func text(_ value: Double) -> String {
        value == value.rounded() && abs(value) < 1e15 ? String(Int64(value)) : String(value)
    }
}
