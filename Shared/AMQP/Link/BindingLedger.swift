internal import DequeModule

/// Bindings wanted at run time, and which of the operations under way the broker has yet to answer. Pure.
///
/// The broker answers in order, so the oldest operation is always the one that is meant.
struct BindingLedger<Waiter> {
    struct Operation {
        var binding: AMQPBinding
        var isUnbind = false
        /// Nil for bindings made again after a reconnect, and for waiters that were told already.
        var waiter: Waiter?
        var deadline: ContinuousClock.Instant
    }

    /// A told waiter, with what it is told.
    typealias Completion = (waiter: Waiter, result: Result<Void, AMQPError>)

    /// In the order they were asked for, with the queue's name left out: it may change with each connection.
    private(set) var wanted: [AMQPBinding] = []
    private var underWay: Deque<Operation> = []

    /// True while bindings remembered from before are not all in force yet.
    private(set) var isRestoring = false

    mutating func want(_ binding: AMQPBinding) {
        if !wanted.contains(binding) { wanted.append(binding) }
    }

    mutating func forget(_ binding: AMQPBinding) {
        wanted.removeAll { $0 == binding }
    }

    mutating func start(_ operation: Operation) {
        underWay.append(operation)
    }

    /// What has to be made again on a new connection; `answered` says when all of it is in force.
    mutating func restore(deadline: ContinuousClock.Instant) -> [AMQPBinding] {
        underWay = Deque(wanted.map { Operation(binding: $0, waiter: nil, deadline: deadline) })
        restoring = wanted.count
        isRestoring = restoring > 0
        return wanted
    }

    private var restoring = 0

    /// The oldest operation was done, or refused with `error`.
    mutating func answered(_ error: AMQPError? = nil) -> Completion? {
        guard let operation = underWay.popFirst() else { return nil }
        if restoring > 0 {
            restoring -= 1
            isRestoring = restoring > 0
        }
        if error != nil, !operation.isUnbind { forget(operation.binding) }
        return operation.waiter.map { ($0, error.map { .failure($0) } ?? .success(())) }
    }

    /// What a new channel has to be asked for again, once the oldest operation cost us the last one.
    var unanswered: [(binding: AMQPBinding, isUnbind: Bool)] {
        underWay.map { ($0.binding, $0.isUnbind) }
    }

    /// Tells those whose time is up. Their operations keep their place: the answer may still come.
    mutating func expire(at now: ContinuousClock.Instant) -> [Completion] {
        var completions: [Completion] = []
        for index in underWay.indices {
            guard underWay[index].deadline <= now else { break }
            if let waiter = underWay[index].waiter.take() { completions.append((waiter, .failure(.timeout))) }
        }
        return completions
    }

    mutating func failAll(_ error: AMQPError) -> [Completion] {
        defer { underWay = [] }
        return underWay.compactMap { operation in operation.waiter.map { ($0, .failure(error)) } }
    }
}
