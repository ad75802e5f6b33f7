import Glibc
import IOReactor
import Testing

@Suite struct ReactorTests {
    /// A pipe whose ends are closed when the test has ended.
    private func withPipe(_ body: (_ read: Int32, _ write: Int32) async throws -> Void) async throws {
        var ends: [Int32] = [0, 0]
        try #require(pipe(&ends) == 0)
        defer { ends.forEach { close($0) } }
        try await body(ends[0], ends[1])
    }

    private actor Counter {
        private let reactor: Reactor
        private var count = 0
        nonisolated var unownedExecutor: UnownedSerialExecutor { reactor.asUnownedSerialExecutor() }

        init(_ reactor: Reactor) { self.reactor = reactor }

        func increment() -> Int {
            reactor.checkIsolated()
            count += 1
            return count
        }

        /// Also after a wait the actor goes on on its own thread.
        func wait(_ fd: Int32) async throws -> Interest {
            let ready = try await reactor.ready(fd, .read)
            reactor.checkIsolated()
            return ready
        }
    }

    @Test func runsActorsOnItsThread() async throws {
        let counter = Counter(Reactor(name: "test"))
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<100 { group.addTask { _ = await counter.increment() } }
        }
        let count = await counter.increment()
        #expect(count == 101)
        try await withPipe { read, write in
            async let ready = counter.wait(read)
            _ = Glibc.write(write, "x", 1)
            let interest = try await ready
            #expect(interest == .read)
        }
    }

    @Test func runsTasksOnItsThread() async throws {
        let reactor = Reactor(name: "test"), other = Reactor(name: "other")
        try await withPipe { read, write in
            let ready = try await withThrowingTaskGroup(of: Interest.self) { group in
                group.addTask(executorPreference: ReactorTasks(reactor)) {
                    reactor.checkIsolated()
                    await withTaskGroup(of: Void.self) { group in
                        group.addTask { reactor.checkIsolated() }
                        group.addTask { reactor.checkIsolated() }
                    }
                    reactor.checkIsolated()
                    // Another reactor's wait is this one's too: nobody has to pass it on.
                    other.shutdown()
                    let ready = try await other.ready(read, .read)
                    reactor.checkIsolated()
                    return ready
                }
                _ = Glibc.write(write, "x", 1)
                return try await group.next()
            }
            #expect(ready == .read)
        }
    }

    /// The last job of an actor may drop the last reference to its reactor.
    @Test func outlivesItsLastJob() async {
        for _ in 0..<200 {
            let count = await Counter(Reactor(name: "short")).increment()
            #expect(count == 1)
        }
    }

    @Test func dataThatIsThereAlreadyEndsTheWait() async throws {
        try await withPipe { read, write in
            _ = Glibc.write(write, "x", 1)
            let reactor = Reactor(name: "test")
            for _ in 0..<3 {
                let ready = try await reactor.ready(read, .read)
                #expect(ready == .read)
            }
        }
    }

    @Test func theEndOfAPeerIsReadable() async throws {
        let reactor = Reactor(name: "test")
        var pair: [Int32] = [0, 0]
        try #require(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &pair) == 0)
        let fd = pair[0]
        async let ready = reactor.ready(fd, .read)
        close(pair[1])
        let interest = try await ready
        #expect(interest == .read)
        close(fd)
    }

    @Test func readersAndWritersOfOneDescriptorWaitApart() async throws {
        let reactor = Reactor(name: "test")
        var pair: [Int32] = [0, 0]
        try #require(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &pair) == 0)
        let fd = pair[0]
        async let reader = reactor.ready(fd, .read)
        async let reader2 = reactor.ready(fd, .readWrite)
        let writable = try await reactor.ready(fd, .write)
        #expect(writable == .write)
        let either = try await reader2
        #expect(either == .write)
        _ = Glibc.write(pair[1], "x", 1)
        let readable = try await reader
        #expect(readable == .read)
        pair.forEach { close($0) }
    }

    @Test func deadlinesPass() async throws {
        try await withPipe { read, _ in
            let reactor = Reactor(name: "test")
            let long = Task { try await reactor.ready(read, .read, deadline: .now + .milliseconds(80)) }
            let start = ContinuousClock.now
            await #expect(throws: DeadlineExceeded.self) {
                try await reactor.ready(read, .read, deadline: start + .milliseconds(20))
            }
            #expect(ContinuousClock.now - start >= .milliseconds(20))
            await #expect(throws: DeadlineExceeded.self) { try await long.value }
        }
    }

    @Test func scheduledActionsRunInTime() async {
        let reactor = Reactor(name: "test")
        let start = ContinuousClock.now
        await withCheckedContinuation { done in
            reactor.schedule(at: start + .milliseconds(30)) { done.resume() }
        }
        #expect(ContinuousClock.now - start >= .milliseconds(30))
    }

    @Test func cancellationEndsTheWait() async throws {
        try await withPipe { read, write in
            let reactor = Reactor(name: "test")
            let waiting = Task { try await reactor.ready(read, .read) }
            waiting.cancel()
            await #expect(throws: CancellationError.self) { try await waiting.value }
            let stubborn = Task { try await reactor.ready(read, .read, ignoringCancellation: true) }
            stubborn.cancel()
            _ = Glibc.write(write, "x", 1)
            let ready = try await stubborn.value
            #expect(ready == .read)
        }
    }

    @Test func shutdownEndsAllWaits() async throws {
        try await withPipe { read, _ in
            let reactor = Reactor(name: "test")
            let counter = Counter(reactor)
            let waiting = Task { try await counter.wait(read) }
            reactor.shutdown()
            await #expect(throws: ReactorError.shutDown) { try await waiting.value }
            await #expect(throws: ReactorError.shutDown) { try await reactor.ready(read, .read) }
            let count = await counter.increment()
            #expect(count == 1)
        }
    }

    @Test func aDescriptorThatCannotBeWatchedIsRefused() async {
        let reactor = Reactor(name: "test")
        await #expect(throws: ReactorError.notWatchable(errno: EBADF)) { try await reactor.ready(9999, .read) }
    }
}
