/// Acknowledged, durable messages beside pgbench, which commits each of the same rows by itself: as many sockets as
/// clients, each with one message under way, in eight rooms.
enum DurableBench {
    static func run(_ report: Report) async throws {
        let stack = try Stack.here
        let database = try stack.value("DATABASE_URL")
        let connection = try BarePostgres(database)
        try BareTable.make(connection)
        try connection.run("CREATE SEQUENCE bench.numbers CACHE 100")
        let rooms = 8
        for clients in [16, 40] {
            let talk = try await Talk.begin(stack, rooms: rooms, speakers: clients / rooms, pace: .ack)
            _ = try await talk.run(for: .seconds(1), underWay: 1)
            var (ours, theirs): ([Double], [Double]) = ([], [])
            for _ in 0..<3 {
                theirs.append(
                    try await PGBench(database).transactionsPerSecond(BareTable.script, clients: clients, seconds: 4))
                ours.append(try await talk.run(for: .seconds(3), underWay: 1).perSecond)
            }
            await talk.end()
            report.row(
                Comparison(
                    name: "\(clients) sockets, beside as many clients of pgbench", ours: ours.sorted()[1],
                    bare: theirs.sorted()[1], unit: "/s", aim: .atLeast(1)))
        }
        try BareTable.drop(connection)
    }
}
