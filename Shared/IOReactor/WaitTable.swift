/// Who waits for which descriptor and until when. Pure bookkeeping: the reactor resumes those whom it hands out.
///
/// A reactor serves tens of descriptors, so a flat array that never allocates in steady state beats a dictionary.
struct WaitTable<Continuation> {
    struct Wait {
        let id: UInt64
        let descriptor: Int32
        let interest: Interest
        let deadline: MonotonicInstant?
        let continuation: Continuation
    }

    private var waits: [Wait] = []
    /// Set at shutdown: nobody may wait here any more.
    var isClosed = false

    /// The earliest deadline of all waits.
    var nextDeadline: MonotonicInstant? {
        waits.lazy.compactMap(\.deadline).min()
    }

    mutating func add(_ wait: Wait) {
        waits.append(wait)
    }

    /// Everything that is waited for on `descriptor`: what the kernel has to be asked to report.
    func interest(in descriptor: Int32) -> Interest {
        var union: Interest = []
        for wait in waits where wait.descriptor == descriptor { union.formUnion(wait.interest) }
        return union
    }

    /// Takes out who has waited longest for something of `ready` in `descriptor`.
    mutating func takeFirst(_ descriptor: Int32, ready: Interest) -> Wait? {
        let index = waits.firstIndex { $0.descriptor == descriptor && !$0.interest.isDisjoint(with: ready) }
        return index.map { waits.remove(at: $0) }
    }

    /// Takes out the wait called `id`; nil when it has ended already, so that nobody is resumed twice.
    mutating func take(id: UInt64) -> Wait? {
        waits.firstIndex { $0.id == id }.map { waits.remove(at: $0) }
    }

    mutating func takeExpired(at now: MonotonicInstant) -> [Wait] {
        func isLate(_ wait: Wait) -> Bool { wait.deadline.map { $0 <= now } ?? false }
        let late = waits.filter(isLate)
        if !late.isEmpty { waits.removeAll(where: isLate) }
        return late
    }

    mutating func takeAll() -> [Wait] {
        defer { waits = [] }
        return waits
    }
}
