import Foundation
import IOReactor
import Synchronization

/// A frame to many connections with one `send` each, and as many `recv`s: one thread writes, one reads, over loopback.
///
/// Unchecked: each half belongs to one thread at a time.
final class BareFanOut: @unchecked Sendable {
    private let frame = [UInt8](repeating: UInt8(ascii: "x"), count: 520)
    private var writers: [Int32] = []
    private var readers: [Int32] = []

    init(connections: Int) throws {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(listener) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        try withUnsafeMutablePointer(to: &address) { pointer in
            try pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                guard bind(listener, address, length) == 0, listen(listener, 128) == 0,
                    getsockname(listener, address, &length) == 0
                else { throw Stack.Fault(description: "no listener: errno \(errno)") }
                for _ in 0..<connections {
                    let reader = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
                    guard connect(reader, address, length) == 0 else {
                        throw Stack.Fault(description: "no connection: errno \(errno)")
                    }
                    readers.append(reader)
                    let writer = accept(listener, nil, nil)
                    var on: Int32 = 1
                    setsockopt(writer, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
                    writers.append(writer)
                }
            }
        }
    }

    deinit {
        for descriptor in writers + readers { close(descriptor) }
    }

    struct Outcome: Sendable {
        var deliveriesPerSecond: Double
        /// From the first send to the last delivery of a lone message.
        var lone: [Duration]
    }

    func run(for time: Duration) async throws -> Outcome {
        let (many, _) = try await send(for: time, underWay: 32)
        let (_, lone) = try await send(for: time, underWay: 1)
        return Outcome(deliveriesPerSecond: many, lone: lone)
    }

    private func send(for time: Duration, underWay: Int) async throws -> (rate: Double, times: [Duration]) {
        let begin = ContinuousClock.now
        let free = DispatchSemaphore(value: underWay), sent = DispatchSemaphore(value: 0)
        let instants = Instants()
        async let times: [Duration] = OwnThread.run("bare read") {
            var times: [Duration] = []
            while true {
                sent.wait()
                guard let at = instants.next() else { return times }
                self.readAll()
                times.append(ContinuousClock.now - at)
                free.signal()
            }
        }
        try await OwnThread.run("bare write") {
            while ContinuousClock.now - begin < time {
                free.wait()
                instants.add(.now)
                sent.signal()
                self.writeAll()
            }
            instants.add(nil)
            sent.signal()
        }
        let all = try await times
        let elapsed = (ContinuousClock.now - begin) / .seconds(1)
        return (Double(all.count * readers.count) / elapsed, all)
    }

    private func writeAll() {
        frame.withUnsafeBytes { frame in
            for writer in writers { _ = Foundation.send(writer, frame.baseAddress, frame.count, 0) }
        }
    }

    private func readAll() {
        withUnsafeTemporaryAllocation(byteCount: frame.count, alignment: 1) { buffer in
            for reader in readers { _ = recv(reader, buffer.baseAddress, buffer.count, Int32(MSG_WAITALL)) }
        }
    }
}

/// When each message was sent, for the thread that reads it; nil is the end.
private final class Instants: Sendable {
    private let queue = Mutex<[ContinuousClock.Instant?]>([])

    func add(_ instant: ContinuousClock.Instant?) { queue.withLock { $0.append(instant) } }
    func next() -> ContinuousClock.Instant? { queue.withLock { $0.removeFirst() } }
}
