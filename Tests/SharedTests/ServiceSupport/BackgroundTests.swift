import Logging
import ServiceSupport
import Synchronization
import TestSupport
import Testing

@Suite struct BackgroundTests {
    @Test func whatTakesTooLongIsCancelledAndLogged() async throws {
        let notes = LogNotes()
        // Again after everything has ended: nothing watched then, and something has to watch anew.
        for round in 1...2 {
            await Background.run("slow", deadline: .milliseconds(20), logger: notes.logger) {
                try await Task.sleep(for: .seconds(3600))
            }.value
            let lines = notes.lines("failed: slow")
            #expect(lines.count == round)
            #expect(lines.last?.level == .error)
        }
    }

    @Test func whatIgnoresItsCancellationIsLoggedAllTheSame() async throws {
        let notes = LogNotes()
        await Background.run("deaf", deadline: .milliseconds(1), logger: notes.logger) {
            while !Task.isCancelled { await Task.yield() }
        }.value
        #expect(notes.lines("failed: deaf").count == 1)
    }

    @Test func onlyWhatIsLateIsCancelled() async throws {
        let notes = LogNotes(), ended = Atomic(0)
        let tasks = (0..<1000).map { number in
            Background.run(
                "crowd", deadline: number.isMultiple(of: 10) ? .milliseconds(30) : .seconds(3600), logger: notes.logger
            ) {
                guard number.isMultiple(of: 10) else { return _ = ended.add(1, ordering: .relaxed) }
                try await Task.sleep(for: .seconds(3600))
            }
        }
        for task in tasks { await task.value }
        #expect(ended.load(ordering: .relaxed) == 900)
        #expect(notes.lines("failed: crowd").count == 100)
    }

    @Test func aCancelledTaskIsNoFailure() async throws {
        let notes = LogNotes()
        let task = Background.run("dropped", deadline: .seconds(3600), logger: notes.logger) {
            try await Task.sleep(for: .seconds(3600))
        }
        task.cancel()
        await task.value
        #expect(notes.lines("failed: dropped").isEmpty)
        #expect(notes.lines("cancelled: dropped").count == 1)
    }

    @Test func theRequestsScopeGoesAlong() async throws {
        let seen = Mutex<String?>(nil)
        await RequestScope.$current.withValue(RequestScope(requestID: "r-1", traceparent: nil)) {
            await Background.run("scoped", deadline: .seconds(60), logger: .silent) {
                seen.withLock { $0 = RequestScope.current?.requestID }
            }.value
        }
        #expect(seen.withLock { $0 } == "r-1")
    }
}
