import Foundation
import ParlorClient
import TestSupport
import Testing

extension SystemTests {
    @Suite struct DenseSequence {
        @Test func `Fifty readers, cut at random, are told one dense sequence while everything is killed in turn`()
            async throws
        {
            let stack = try Stack.here
            try await stack.withInstance(.signaling) { second in
                let nodes = [try stack.url(of: .signaling), second.url]
                let uproar = try await Uproar(on: stack, nodes: nodes, writers: 20, wanderers: 4, readers: 50)
                let record = Reader.Record()
                let readers = uproar.readers.enumerated().map { index, reader in
                    Reader(reader, uproar.room, record) { nodes[index % nodes.count] }
                }
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for reader in readers { group.addTask { await reader.run() } }
                    let saboteur = Task { await cutAtRandom(readers) }
                    defer {
                        saboteur.cancel()
                        group.cancelAll()
                    }
                    try await uproar.during { try await killInTurn(stack, second, uproar) }
                    saboteur.cancel()
                    let timeline = try await uproar.outcome()
                    try await eventually("every reader has all of it", within: .seconds(120)) {
                        readers.allSatisfy { $0.last >= timeline.count }
                    }
                    #expect(readers.flatMap(\.faults) == [])
                    #expect(readers.map(\.last).allSatisfy { $0 == timeline.count })
                    for (index, entry) in timeline.enumerated() {
                        #expect(record[index + 1] == entry, "entry \(index + 1)")
                    }
                    let joins = readers.map(\.joins).reduce(0, +)
                    print("dense sequence: \(timeline.count) entries, \(uproar.ackedCount) acked, \(joins) joins")
                    #expect(joins > 2 * readers.count, "they were cut")
                }
            }
            try await stack.recovered()
        }

        private func killInTurn(_ stack: Stack, _ second: Instance, _ uproar: Uproar) async throws {
            try await uproar.goOn(by: 60)
            for service in [Stack.Service.message, .signaling] {
                let pid = try stack.pid(of: service)
                try stack.kill(service)
                try await uproar.goOn(by: 40)
                try await stack.awaitRestart(of: service, after: pid)
            }
            try await stack.killServer("rabbitmq")
            try await uproar.goOn(by: 40)
            try await second.kill()
            try await uproar.goOn(by: 10)
            try await second.startAgain()
            let pid = try stack.pid(of: .message)
            try stack.kill(.message)
            try await stack.awaitRestart(of: .message, after: pid)
            try await uproar.goOn(by: 60)
        }

        private func cutAtRandom(_ readers: [Reader]) async {
            while !Task.isCancelled {
                await readers.randomElement()?.cut()
                try? await Task.sleep(for: .milliseconds(.random(in: 50...250)))
            }
        }
    }
}
