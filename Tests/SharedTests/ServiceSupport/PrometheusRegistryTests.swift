import CoreMetrics
import ServiceSupport
import Testing

@Suite struct PrometheusRegistryTests {
    @Test func metricsAreWrittenByNameWithTheirLabelsEscaped() {
        let registry = PrometheusRegistry()
        for _ in 0..<2 {
            registry.makeCounter(label: "calls.total", dimensions: [("route", "/a\"b\\c\n"), ("http-status", "200")])
                .increment(by: 2)
        }
        registry.makeCounter(label: "calls.total", dimensions: []).increment(by: 1)
        registry.makeMeter(label: "open", dimensions: []).set(Int64(3))
        let lines = registry.exposition().split(separator: "\n").sorted()
        #expect(
            lines == [
                "# TYPE calls_total counter", "# TYPE open gauge", "calls_total 1",
                #"calls_total{route="/a\"b\\c\n",http_status="200"} 4"#, "open 3",
            ])
    }

    @Test func timersBecomeHistogramsUnderOneName() {
        let registry = PrometheusRegistry()
        for status in ["200", "404"] {
            registry.makeTimer(label: "latency", dimensions: [("status", status)]).recordNanoseconds(1_000_000)
        }
        let text = registry.exposition()
        #expect(text.matches(of: /# TYPE latency histogram/).count == 1)
        #expect(text.contains(#"latency_count{status="200"} 1"#) && text.contains(#"latency_count{status="404"} 1"#))
    }
}
