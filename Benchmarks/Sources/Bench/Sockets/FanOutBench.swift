/// What is said in a room reaches everybody: deliveries per second with much under way, and how long the last listener
/// waits for a lone message. Beside a loop that does nothing but write and read as many connections; ours also takes the
/// message in, stores it and carries it twice through the broker.
enum FanOutBench {
    static func run(_ report: Report) async throws {
        let stack = try Stack.here
        for size in [10, 100, 1000] {
            let bare = try await BareFanOut(connections: size).run(for: .seconds(2))
            let talk = try await Talk.begin(stack, listeners: size - 1, pace: .lastDelivery)
            _ = try await talk.run(for: .seconds(2), underWay: 8)
            let clock = ProcessorClock()
            let many = try await talk.run(for: .seconds(5), underWay: size < 1000 ? 64 : 16)
            let used = clock.share
            let lone = try await talk.run(for: .seconds(5), underWay: 1)
            await talk.end()
            report.row(
                Comparison(
                    name: "room of \(size), deliveries",
                    ours: Double(many.deliveries.count * (size - 1)) / (many.time / .seconds(1)),
                    bare: bare.deliveriesPerSecond, unit: "/s", aim: .none))
            for (name, share) in [("p50", 0.5), ("p95", 0.95), ("p99", 0.99)] {
                report.row(
                    Comparison(
                        name: "room of \(size), lone message to last delivery, \(name)",
                        ours: lone.deliveries.microseconds(share), bare: bare.lone.microseconds(share), unit: "µs",
                        aim: .none))
            }
            report.note("the clients took \(Int(used * 100)) % of one processor during the deliveries")
        }
    }
}
