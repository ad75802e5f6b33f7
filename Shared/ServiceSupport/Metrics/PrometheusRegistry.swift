public import CoreMetrics
import Foundation
import Synchronization

/// Keeps every metric of the process and writes them in the Prometheus text format (version 0.0.4).
public final class PrometheusRegistry: MetricsFactory, Sendable {
    /// As the callers say it, so that to find a metric costs no more than to compare.
    private struct Key: Hashable {
        struct Dimension: Hashable {
            var name: String
            var value: String
        }

        var label: String
        var dimensions: [Dimension]
    }

    private struct State {
        var counters: [Key: PrometheusCounter] = [:]
        var gauges: [Key: PrometheusGauge] = [:]
        var histograms: [Key: PrometheusHistogram] = [:]
        var collectors: [@Sendable () -> Void] = []
    }

    private let state = Mutex(State())

    public init() {}

    /// Runs `collector` before each scrape, to set gauges that are read rather than counted.
    public func beforeScrape(_ collector: @escaping @Sendable () -> Void) {
        state.withLock { $0.collectors.append(collector) }
    }

    public func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        state.withLock { Self.get(&$0.counters, label, dimensions) { PrometheusCounter() } }
    }

    public func makeFloatingPointCounter(
        label: String, dimensions: [(String, String)]
    ) -> any FloatingPointCounterHandler {
        state.withLock { Self.get(&$0.counters, label, dimensions) { PrometheusCounter() } }
    }

    public func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        state.withLock { Self.get(&$0.gauges, label, dimensions) { PrometheusGauge() } }
    }

    public func makeRecorder(
        label: String, dimensions: [(String, String)], aggregate: Bool
    ) -> any RecorderHandler {
        if aggregate {
            return state.withLock { Self.get(&$0.histograms, label, dimensions) { PrometheusHistogram() } }
        }
        return state.withLock { Self.get(&$0.gauges, label, dimensions) { PrometheusGauge() } }
    }

    public func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        state.withLock { Self.get(&$0.histograms, label, dimensions) { PrometheusHistogram() } }
    }

    /// Metrics live as long as the process, so that a scrape never misses one.
    public func destroyCounter(_ handler: any CounterHandler) {}
    public func destroyFloatingPointCounter(_ handler: any FloatingPointCounterHandler) {}
    public func destroyMeter(_ handler: any MeterHandler) {}
    public func destroyRecorder(_ handler: any RecorderHandler) {}
    public func destroyTimer(_ handler: any TimerHandler) {}

    /// All metrics, sorted by name, ready for a scrape.
    public func exposition() -> String {
        let collectors = state.withLock { $0.collectors }
        for collect in collectors { collect() }
        let (counters, gauges, histograms) = state.withLock { ($0.counters, $0.gauges, $0.histograms) }
        var text = ""
        Self.write(counters, "counter", to: &text) { "\($0)\(Self.braces($1)) \($2.text)\n" }
        Self.write(gauges, "gauge", to: &text) { "\($0)\(Self.braces($1)) \($2.text)\n" }
        Self.write(histograms, "histogram", to: &text) { $2.lines(name: $0, labels: $1) }
        return text
    }

    private static func write<Handler>(
        _ handlers: [Key: Handler], _ type: String, to text: inout String,
        lines: (_ name: String, _ labels: String, Handler) -> String
    ) {
        let series = Dictionary(grouping: handlers) { sanitized($0.key.label) }
        for (name, series) in series.sorted(by: { $0.key < $1.key }) {
            text += "# TYPE \(name) \(type)\n"
            for (key, handler) in series { text += lines(name, labels(key.dimensions), handler) }
        }
    }

    private static func get<Handler>(
        _ handlers: inout [Key: Handler], _ label: String, _ dimensions: [(String, String)], make: () -> Handler
    ) -> Handler {
        let key = Key(label: label, dimensions: dimensions.map(Key.Dimension.init))
        if let existing = handlers[key] { return existing }
        let made = make()
        handlers[key] = made
        return made
    }

    private static func braces(_ labels: String) -> String { labels.isEmpty ? "" : "{\(labels)}" }

    private static func sanitized(_ name: String) -> String {
        String(name.map { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_" || $0 == ":") ? $0 : "_" })
    }

    private static func labels(_ dimensions: [Key.Dimension]) -> String {
        dimensions.map { dimension in
            let escaped = dimension.value.replacingOccurrences(of: "\\", with: "\\\\")
                .replacingOccurrences(of: "\"", with: "\\\"").replacingOccurrences(of: "\n", with: "\\n")
            return "\(sanitized(dimension.name))=\"\(escaped)\""
        }.joined(separator: ",")
    }
}
