/// A value made once, by the first who asks, while the others wait for it.
public actor Lazily<Value: Sendable> {
    private enum State {
        case idle
        case making([CheckedContinuation<Void, Never>])
        case made(Value)
    }

    private var state = State.idle
    private let make: @Sendable () async throws -> Value

    public init(_ make: @escaping @Sendable () async throws -> Value) {
        self.make = make
    }

    /// After a failure the next caller tries again.
    public func value() async throws -> Value {
        while true {
            switch state {
            case .made(let value): return value
            case .making: await wait()
            case .idle: return try await makeNow()
            }
        }
    }

    private func makeNow() async throws -> Value {
        state = .making([])
        do {
            let value = try await make()
            settle(.made(value))
            return value
        } catch {
            settle(.idle)
            throw error
        }
    }

    private func wait() async {
        await withCheckedContinuation { continuation in
            guard case .making(let waiters) = state else { return continuation.resume() }
            state = .making(waiters + [continuation])
        }
    }

    private func settle(_ next: State) {
        guard case .making(let waiters) = state else { return }
        state = next
        for waiter in waiters { waiter.resume() }
    }
}
