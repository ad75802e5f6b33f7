import AMQP
import Foundation
import Logging
import ServiceLifecycle
import Synchronization
import TestSupport

let quiet = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })

/// Runs services for as long as `body` runs.
func running<T: Sendable>(_ services: any Service..., body: () async throws -> T) async throws -> T {
    try await withThrowingTaskGroup(of: Void.self) { group in
        for service in services { group.addTask { try await service.run() } }
        defer { group.cancelAll() }
        return try await body()
    }
}

func configuration(_ url: String, _ change: (inout AMQPConfiguration) -> Void = { _ in }) throws -> AMQPConfiguration {
    var configuration = try AMQPConfiguration(url: url, connectionName: "test")
    configuration.reconnect = ReconnectDelay(first: .milliseconds(20), longest: .milliseconds(200))
    // Not what these tests are about, unless they say so.
    configuration.publishTimeout = .seconds(60)
    configuration.operationTimeout = .seconds(60)
    change(&configuration)
    return configuration
}

extension AMQPPublisher {
    func connected() async throws { try await eventually("the publisher connects") { isAvailable } }
}

extension AMQPConsumer {
    func connected() async throws { try await eventually("the consumer connects") { isConnected } }
}

/// What handlers saw, from whichever thread.
final class Seen<Element: Sendable>: Sendable {
    private let state = Mutex<[Element]>([])
    func add(_ element: Element) { state.withLock { $0.append(element) } }
    var all: [Element] { state.withLock { $0 } }
    var count: Int { state.withLock(\.count) }
}

final class Counter: Sendable {
    private let value = Mutex(0)

    func next() -> Int {
        value.withLock { value in
            value += 1
            return value
        }
    }
}

final class Flag: Sendable {
    private let value = Mutex(false)
    var isSet: Bool { value.withLock { $0 } }
    func set() { value.withLock { $0 = true } }
}

extension AMQPMessage {
    init(_ text: String, id: String? = nil) {
        self.init(body: Array(text.utf8), properties: AMQPProperties(messageID: id))
    }

    var text: String { String(decoding: body, as: UTF8.self) }
}

extension AMQPTopology {
    static func queue(_ name: String, _ arguments: [String: AMQPFieldValue] = [:]) -> AMQPTopology {
        AMQPTopology(queues: [AMQPQueue(name, arguments: arguments)])
    }
}
