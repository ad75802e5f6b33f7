/// Where the broker is, and how long each thing may take.
public struct AMQPConfiguration: Sendable {
    public struct Host: Sendable, Equatable {
        public var name: String
        public var port: Int
    }

    /// Tried in turn, starting where the last attempt left off.
    public var hosts: [Host]
    public var user: String
    /// Never logged, never part of an error.
    public var password: String
    public var virtualHost: String
    public var usesTLS: Bool
    /// With TLS: the file of the authorities that may vouch for the broker, and for its name.
    public var certificateAuthorities = "/etc/ssl/certs/ca-certificates.crt"
    /// Shown in the broker's list of connections.
    public var connectionName: String

    /// The broker is given up after twice this time of silence. Zero turns heartbeats off.
    public var heartbeat: Duration = .seconds(10)
    /// For the TCP connection, and again for the AMQP handshake.
    public var connectTimeout: Duration = .seconds(3)
    /// From `publish` to the broker's confirm.
    public var publishTimeout: Duration = .seconds(5)
    /// For each declaration, binding and the like.
    public var operationTimeout: Duration = .seconds(5)
    /// How long what is under way gets at a graceful shutdown.
    public var drainTimeout: Duration = .seconds(5)
    /// Messages that may wait for their confirm at one time.
    public var maxInFlight = 20_000
    public var reconnect = ReconnectDelay()

    /// Reads `amqp[s]://user:password@host[:port][,host[:port]…]/vhost[?cacertfile=path]`; parts are percent-decoded, an
    /// absent vhost is `/`. Throws `.invalid` with what is wrong, never showing the password.
    public init(url: String, connectionName: String) throws(AMQPError) {
        let parsed = try BrokerURL(url)
        hosts = parsed.hosts
        user = parsed.user
        password = parsed.password
        virtualHost = parsed.virtualHost
        usesTLS = parsed.usesTLS
        if let file = parsed.certificateAuthorities { certificateAuthorities = file }
        self.connectionName = connectionName
    }
}

/// The pause before each attempt to connect: doubling from `first` to `longest`, and of each a random part between
/// half and the whole, so that many clients of a restarted broker do not come back in step.
public struct ReconnectDelay: Sendable, Equatable {
    public var first: Duration
    public var longest: Duration

    public init(first: Duration = .milliseconds(50), longest: Duration = .seconds(3)) {
        self.first = first
        self.longest = longest
    }

    /// - Parameter attempt: failures so far, from 1.
    func pause(afterFailure attempt: Int, random: Double) -> Duration {
        let doubled = first * (1 << min(max(attempt - 1, 0), 16))
        return min(doubled, longest) * (0.5 + 0.5 * random)
    }
}
