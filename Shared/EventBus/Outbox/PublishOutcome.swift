internal import AMQP
internal import Identifiers

/// What became of events that were handed to the broker. Pure.
struct PublishOutcome: Sendable {
    private(set) var confirmed: [EventID] = []
    /// What no queue takes, and what cannot be sent as it is: it must not hold up the others.
    private(set) var refused: [EventID] = []
    /// Why the first of them was refused.
    private(set) var refusal: AMQPError?
    /// What is still to be sent.
    private(set) var failed: [EventID] = []
    /// Why.
    private(set) var failure: AMQPError?

    init(_ events: [StoredEvent], _ results: [Result<Void, AMQPError>]) {
        for (event, result) in zip(events, results) {
            switch result {
            case .success: confirmed.append(event.id)
            case .failure(let error) where error.isRetriable || error == .closed:
                failed.append(event.id)
                failure = error
            case .failure(let error):
                refused.append(event.id)
                refusal = refusal ?? error
            }
        }
    }
}
