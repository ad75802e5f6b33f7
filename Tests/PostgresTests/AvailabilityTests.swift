import IOReactor
import Testing

@Suite struct AvailabilityTests {
    @Test func watchersHearEachChangeInOrder() async {
        let availability = Availability()
        var all = availability.watch(.unbounded).makeAsyncIterator()
        availability.set(true)
        availability.set(true)
        var latest = availability.watch().makeAsyncIterator()
        availability.set(false)
        availability.set(true)
        availability.finish()
        for expected in [false, true, false, true, nil] { #expect(await all.next() == expected) }
        for expected in [true, nil] { #expect(await latest.next() == expected) }
        var late = availability.watch().makeAsyncIterator()
        #expect(await late.next() == nil)
    }

    /// Who is cancelled while changes are told stops neither the teller nor those who cancel.
    @Test func whoIsCancelledWhileChangesAreToldHoldsUpNobody() async {
        let availability = Availability()
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                for turn in 0..<20_000 { availability.set(turn.isMultiple(of: 2)) }
            }
            group.addTask {
                for _ in 0..<300 {
                    await withTaskGroup(of: Void.self) { watchers in
                        for _ in 0..<4 { watchers.addTask { for await _ in availability.watch() {} } }
                        await Task.yield()
                        watchers.cancelAll()
                    }
                }
            }
        }
    }
}
