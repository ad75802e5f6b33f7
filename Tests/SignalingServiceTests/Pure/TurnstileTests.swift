import TestSupport
import Testing

@testable import SignalingService

@Suite struct TurnstileTests {
    private actor Inside {
        private var now = 0
        private(set) var most = 0

        func come() {
            now += 1
            most = max(most, now)
        }

        func go() { now -= 1 }
    }

    @Test func neverMoreThanItsWidthAreInside() async throws {
        let turnstile = Turnstile(width: 3)
        let inside = Inside()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<200 {
                group.addTask {
                    try await turnstile.pass {
                        await inside.come()
                        await Task.yield()
                        await inside.go()
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(await inside.most == 3)
    }

    @Test func whoIsCancelledInTheLineIsToldAndTakesNobodysTurn() async throws {
        let turnstile = Turnstile(width: 1)
        let inside = Inside()
        let first = Task {
            try await turnstile.pass {
                await inside.come()
                while !Task.isCancelled { await Task.yield() }
            }
        }
        try await eventually("the first is inside") { await inside.most == 1 }
        let second = Task { try await turnstile.pass {} }
        second.cancel()
        await #expect(throws: CancellationError.self) { try await second.value }
        first.cancel()
        try await first.value
        #expect(try await turnstile.pass { 5 } == 5)
    }

    @Test func whoFailsInsideMakesRoom() async throws {
        struct Failure: Error {}
        let turnstile = Turnstile(width: 1)
        await #expect(throws: Failure.self) { try await turnstile.pass { throw Failure() } }
        #expect(try await turnstile.pass { true })
    }
}
