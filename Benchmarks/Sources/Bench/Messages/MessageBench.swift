/// A message from socket to socket, beside the bare loop through the same broker and database: alone, and with others
/// under way in the same room.
enum MessageBench {
    private static let rounds = 3
    private static let time = Duration.seconds(3)

    static func run(_ report: Report) async throws {
        let stack = try Stack.here
        let bare = try BareMessagePath(
            database: try stack.value("DATABASE_URL"), broker: try stack.value("RABBITMQ_URL"))
        let talk = try await Talk.begin(stack, pace: .lastDelivery)
        _ = try await talk.run(for: .seconds(2), underWay: 40)
        for underWay in [1, 10, 40, 400] { try await compare(underWay, talk, bare, report) }
        await talk.end()
        try bare.drop()
    }

    /// Both take turns in short rounds, so that the machine's moods hit both.
    private static func compare(
        _ underWay: Int, _ talk: Talk, _ bare: BareMessagePath, _ report: Report
    ) async throws {
        var ours: (latencies: [Duration], rates: [Double]) = ([], [])
        var theirs = ours
        for _ in 0..<rounds {
            let plain = try await bare.run(for: time, underWay: underWay)
            theirs.latencies += plain.latencies
            theirs.rates.append(plain.perSecond)
            let full = try await talk.run(for: time, underWay: underWay)
            ours.latencies += full.deliveries
            ours.rates.append(full.perSecond)
        }
        let what = underWay == 1 ? "a lone message" : "\(underWay) under way"
        for (name, share) in [("p50", 0.5), ("p99", 0.99)] {
            report.row(
                Comparison(
                    name: "\(what), socket to socket, \(name)", ours: ours.latencies.microseconds(share),
                    bare: theirs.latencies.microseconds(share), unit: "µs", aim: .atMost(2)))
        }
        guard underWay > 1 else { return }
        report.row(
            Comparison(
                name: "\(what), acked and stored", ours: ours.rates.sorted()[rounds / 2],
                bare: theirs.rates.sorted()[rounds / 2], unit: "/s", aim: .atLeast(0.5)))
    }
}
