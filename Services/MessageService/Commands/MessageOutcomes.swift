import Synchronization

/// Gathers what became of messages that came together and were stored room by room; tells it once all of it is there.
final class MessageOutcomes: Sendable {
    typealias Outcome = Result<StoreOutcome, any Error>

    private struct State {
        var outcomes: [Outcome?]
        var missing: Int
    }

    private let state: Mutex<State>
    private let whole: CheckedContinuation<[Outcome], Never>

    init(count: Int, _ whole: CheckedContinuation<[Outcome], Never>) {
        state = Mutex(State(outcomes: Array(repeating: nil, count: count), missing: count))
        self.whole = whole
    }

    /// - Parameter positions: where each of them stands among all.
    func take(_ part: Result<ArraySlice<StoreOutcome>, any Error>, at positions: [Int]) {
        let outcomes = state.withLock { state -> [Outcome]? in
            switch part {
            case .success(let outcomes):
                for (position, outcome) in zip(positions, outcomes) { state.outcomes[position] = .success(outcome) }
            case .failure(let error):
                for position in positions { state.outcomes[position] = .failure(error) }
            }
            state.missing -= positions.count
            return state.missing == 0 ? state.outcomes.compactMap(\.self) : nil
        }
        if let outcomes { whole.resume(returning: outcomes) }
    }
}
