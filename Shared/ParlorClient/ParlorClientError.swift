/// What goes wrong on this side of the contract.
public enum ParlorClientError: Error, Sendable, Equatable, CustomStringConvertible {
    case badURL(String)
    /// The server answered the WebSocket upgrade with plain HTTP.
    case upgradeRefused(status: Int)
    /// The socket is closed; the code is nil where there was no close frame.
    case closed(CloseCode?)
    /// A message that the server refused for good.
    case refused(code: String, message: String)
    case unexpected(String)

    public var description: String {
        switch self {
        case .badURL(let url): "\(url) is no URL of a Parlor server"
        case .upgradeRefused(let status): "the server answered \(status) instead of opening a socket"
        case .closed(let code): "the socket is closed (\(code.map { "\($0)" } ?? "no close frame"))"
        case .refused(let code, let message): "refused: \(code): \(message)"
        case .unexpected(let what): what
        }
    }
}
