import Foundation

/// `parlor-bench [name…]`: runs the named benchmarks, or all, and prints one table.
///
/// Those of the drivers start the servers they need by themselves; the others want a running stack, whose `stack.env`
/// the environment names in `PARLOR_STACK_ENV`.
@main
enum Main {
    typealias Benchmark = @Sendable (Report) async throws -> Void

    private static let benchmarks: [(name: String, run: Benchmark)] = [
        ("postgres", { try await PostgresBench.run($0) }),
        ("redis", { try await RedisBench.run($0) }),
        ("amqp", { try await RabbitMQBench.run($0) }),
        ("events", { try await EventBench.run($0) }),
        ("message", { try await MessageBench.run($0) }),
        ("durable", { try await DurableBench.run($0) }),
        ("fanout", { try await FanOutBench.run($0) }),
        ("room", { try await RoomBench.run($0) }),
        ("joins", { try await JoinBench.run($0) }),
        ("memory", { try await MemoryBench.run($0) }),
    ]

    static func main() async throws {
        let wanted = CommandLine.arguments.dropFirst()
        let unknown = wanted.filter { name in !benchmarks.contains { $0.name == name } }
        guard unknown.isEmpty else {
            let names = benchmarks.map(\.name).joined(separator: ", ")
            Report.print("unknown: \(unknown.joined(separator: ", ")); there are \(names)")
            exit(2)
        }
        Report.print(Comparison.header)
        var hasFailed = false
        for benchmark in benchmarks where wanted.isEmpty || wanted.contains(benchmark.name) {
            do {
                try await onThePool { try await benchmark.run(Report(name: benchmark.name)) }
            } catch {
                // The others may still have something to say.
                hasFailed = true
                Report.print("\(benchmark.name): failed: \(error)")
            }
        }
        if hasFailed { exit(1) }
    }

    /// Away from the main actor, whose queue would add a hop to every wait.
    @concurrent private static func onThePool(_ run: @Sendable () async throws -> Void) async throws { try await run() }
}
