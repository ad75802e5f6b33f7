import ParlorClient

/// `GET /rooms/{room}` through the gateway, beside nginx serving the same bytes from a file. Behind the gateway's own nginx
/// it is a token checked, a limit counted, a membership read and a line logged.
enum RoomBench {
    static func run(_ report: Report) async throws {
        let stack = try Stack.here
        let people = try await stack.people(32)
        let path = "/rooms/\(try await stack.room(of: people))"
        let gateway = try stack.port("GATEWAY")
        let shown = try await ParlorHTTP("http://127.0.0.1:\(gateway)", token: people[1].token).call("GET", path)
        try await StaticSite.run(shown.body, at: path) { file in
            for connections in [32, 1] {
                let tokens = people.prefix(connections).map(\.token)
                let (ours, bare) = (
                    GetLoop(port: gateway, path: path, tokens: tokens), GetLoop(port: file, path: path, tokens: tokens)
                )
                let clock = ProcessorClock()
                var (mine, theirs): ([GetLoop.Outcome], [GetLoop.Outcome]) = ([], [])
                for _ in 0..<3 {
                    theirs.append(try await bare.run(for: .seconds(3)))
                    mine.append(try await ours.run(for: .seconds(3)))
                }
                let name =
                    "\(shown.body.count) bytes, \(connections == 1 ? "one connection" : "\(connections) connections")"
                report.row(
                    Comparison(
                        name: name, ours: mine.map(\.perSecond).sorted()[1], bare: theirs.map(\.perSecond).sorted()[1],
                        unit: "/s", aim: .none))
                report.row(
                    Comparison(
                        name: "\(name), p50", ours: mine.flatMap(\.times).medianMicroseconds,
                        bare: theirs.flatMap(\.times).medianMicroseconds, unit: "µs", aim: .none))
                report.note("the clients took \(Int(clock.share * 100)) % of one processor")
            }
        }
    }
}
