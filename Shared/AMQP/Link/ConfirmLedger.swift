internal import DequeModule

/// Which published messages wait for the broker's word, in the order of their sequence numbers. Pure: whoever feeds it
/// tells the waiters what it hands out, each exactly once.
struct ConfirmLedger<Waiter> {
    /// What a waiter learns: of one message, or of all of a batch in its order.
    enum Outcome {
        case one(Result<Void, AMQPError>)
        case batch([Result<Void, AMQPError>])
    }

    typealias Completion = (waiter: Waiter, outcome: Outcome)

    /// How a returned message, or one that the broker took offence at, is told from others under way.
    struct Route: Equatable {
        var exchange: String
        var routingKey: String
        var messageID: String?
        var mandatory: Bool
    }

    private enum Owner {
        case one(Waiter)
        case batch(id: UInt64, index: Int)
        /// Already told, for its time was up; the broker's word, if it comes, concerns nobody.
        case nobody
    }

    private struct Entry {
        var owner: Owner
        var isSettled = false
        let deadline: ContinuousClock.Instant
        let route: Route
        var returned: AMQPError?
    }

    private struct Batch {
        let waiter: Waiter
        var results: [Result<Void, AMQPError>]
        var open: Int
    }

    private var entries: Deque<Entry> = []
    /// The sequence number of the first entry; the broker counts from 1 on each channel.
    private var first: UInt64 = 1
    private var batches: [UInt64: Batch] = [:]
    private var lastBatch: UInt64 = 0
    /// While the broker is blocked its reason: waiters whose time ends learn it.
    private var blocked: AMQPError?
    private var blockedUntil: ContinuousClock.Instant?

    /// Messages whose outcome is open, including those nobody waits for any more.
    var count: Int { entries.count }
    var isEmpty: Bool { entries.isEmpty }

    // MARK: - Publishing

    mutating func add(_ waiter: Waiter, deadline: ContinuousClock.Instant, route: Route) {
        entries.append(Entry(owner: .one(waiter), deadline: deadline, route: route))
    }

    /// - Parameters:
    ///   - results: what is decided already, of the messages that could not be sent.
    ///   - sent: the index in `results` of each message sent, in order; not empty.
    mutating func add(
        _ waiter: Waiter, results: [Result<Void, AMQPError>], sent: [(index: Int, route: Route)],
        deadline: ContinuousClock.Instant
    ) {
        lastBatch += 1
        batches[lastBatch] = Batch(waiter: waiter, results: results, open: sent.count)
        for (index, route) in sent {
            entries.append(Entry(owner: .batch(id: lastBatch, index: index), deadline: deadline, route: route))
        }
    }

    // MARK: - What the broker says

    mutating func settle(
        _ sequence: UInt64, multiple: Bool, result: Result<Void, AMQPError>, into completions: inout [Completion]
    ) {
        if multiple {
            // Zero means "everything so far".
            let last = sequence == 0 ? first + UInt64(entries.count) - 1 : sequence
            while first <= last, let entry = entries.popFirst() {
                first += 1
                if !entry.isSettled { finish(entry, result, into: &completions) }
            }
        } else {
            guard sequence >= first, sequence - first < UInt64(entries.count) else { return }
            let index = Int(sequence - first)
            guard !entries[index].isSettled else { return }
            entries[index].isSettled = true
            finish(entries[index], result, into: &completions)
            entries[index].owner = .nobody
        }
        while entries.first?.isSettled == true {
            entries.removeFirst()
            first += 1
        }
    }

    /// Notes a returned message; its confirm, which follows, fails it. Without a message id the oldest mandatory one
    /// with this exchange and key is meant: returns come in the order of publishing.
    mutating func noteReturn(_ returned: Route, error: AMQPError) {
        for index in entries.indices where entries[index].returned == nil && entries[index].route == returned {
            entries[index].returned = error
            return
        }
    }

    /// The broker takes nothing more; those under way get until `deadline` and then fail with `error`.
    mutating func block(_ error: AMQPError, until deadline: ContinuousClock.Instant) {
        blocked = error
        blockedUntil = deadline
    }

    mutating func unblock() {
        blocked = nil
        blockedUntil = nil
    }

    // MARK: - What ends by itself

    /// Fails those whose time is up. They keep their place, as the broker may still speak of them.
    mutating func expire(at now: ContinuousClock.Instant, into completions: inout [Completion]) {
        let all = blockedUntil.map { $0 <= now } ?? false
        for index in entries.indices {
            guard all || entries[index].deadline <= now else { return }
            if case .nobody = entries[index].owner { continue }
            finish(entries[index], .failure(blocked ?? .timeout), into: &completions)
            entries[index].owner = .nobody
        }
    }

    /// The channel is gone: fails everybody, and counts from 1 again. Where `culprit` is given, the oldest message of
    /// that exchange fails with its error, the others with `error`.
    mutating func failAll(
        _ error: AMQPError, culprit: (exchange: String, error: AMQPError)? = nil,
        into completions: inout [Completion]
    ) {
        var culprit = culprit
        while let entry = entries.popFirst() {
            guard !entry.isSettled else { continue }
            var failure = error
            if let named = culprit, entry.route.exchange == named.exchange {
                failure = named.error
                culprit = nil
            }
            finish(entry, .failure(failure), into: &completions)
        }
        first = 1
        unblock()
    }

    private mutating func finish(
        _ entry: Entry, _ result: Result<Void, AMQPError>, into completions: inout [Completion]
    ) {
        var result = result
        if case .success = result, let returned = entry.returned { result = .failure(returned) }
        switch entry.owner {
        case .nobody:
            break
        case .one(let waiter):
            completions.append((waiter, .one(result)))
        case .batch(let id, let index):
            batches[id]?.results[index] = result
            batches[id]?.open -= 1
            if let batch = batches[id], batch.open == 0 {
                batches[id] = nil
                completions.append((batch.waiter, .batch(batch.results)))
            }
        }
    }
}
