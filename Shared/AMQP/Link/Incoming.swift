/// What the broker said, in our own types.
enum Incoming: Sendable {
    case confirmed(UInt64, multiple: Bool, taken: Bool)
    case returned(ConfirmLedger<PublishWaiter>.Route, AMQPError)
    case delivered(AMQPDelivery)
    /// The answer to the oldest runtime binding operation.
    case bindingDone
    /// The broker ended our consumer: its queue is gone.
    case consumerCancelled
    case channelClosed(UInt16, AMQPError)
    case connectionClosed(AMQPError)
    case blocked(String)
    case unblocked
}
