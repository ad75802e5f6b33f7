public import Logging

/// What every service is told, under the same names.
public struct CommonSettings: Sendable {
    public enum Environment: String, CaseIterable, Sendable { case development, test, production }
    public enum LogFormat: String, CaseIterable, Sendable { case json, text }

    public var environment: Environment
    /// Tokens for the asking, for local runs.
    public var isDevAuth: Bool
    public var logLevel: Logger.Level
    public var logFormat: LogFormat
    public var httpHost: String
    public var httpPort: Int
    public var publicURL: String
    public var corsOrigins: [String]
    public var databaseURL: String
    public var databasePoolSize: Int
    public var redisURL: String
    public var rabbitmqURL: String
    public var internalToken: String
    public var roomURL: String
    public var messageURL: String
    public var signalingURL: String
    public var notificationURL: String

    public init(_ settings: Settings, defaultPort: Int) {
        environment = settings.choice("ENVIRONMENT", default: .development)
        isDevAuth = settings.bool("DEV_AUTH", default: false)
        logLevel = settings.choice("LOG_LEVEL", default: .info)
        logFormat = settings.choice("LOG_FORMAT", default: .json)
        httpHost = settings.string("HTTP_HOST", default: "127.0.0.1")
        httpPort = settings.int("HTTP_PORT", default: defaultPort, in: 0...65_535)
        publicURL = settings.url("PUBLIC_URL", default: "http://127.0.0.1:8080", schemes: ["http", "https"])
        corsOrigins = settings.list("CORS_ORIGINS")
        databaseURL = settings.url("DATABASE_URL", schemes: ["postgres", "postgresql"])
        databasePoolSize = settings.int("DATABASE_POOL_SIZE", default: 8, in: 1...200)
        redisURL = settings.url("REDIS_URL", schemes: ["redis"])
        rabbitmqURL = settings.url("RABBITMQ_URL", schemes: ["amqp", "amqps"])
        internalToken = settings.require("INTERNAL_TOKEN")
        roomURL = settings.url("ROOM_URL", default: "http://127.0.0.1:8081", schemes: ["http"])
        messageURL = settings.url("MESSAGE_URL", default: "http://127.0.0.1:8082", schemes: ["http"])
        signalingURL = settings.url("SIGNALING_URL", default: "http://127.0.0.1:8083", schemes: ["http"])
        notificationURL = settings.url("NOTIFICATION_URL", default: "http://127.0.0.1:8084", schemes: ["http"])
        if !corsOrigins.allSatisfy(Self.isOrigin) {
            settings.fault("CORS_ORIGINS must be origins like https://app.example, separated by commas, or *")
        }
        if isDevAuth, environment == .production {
            settings.fault("DEV_AUTH must not be set when ENVIRONMENT=production")
        }
        guard environment == .production else { return }
        for name in ["INTERNAL_TOKEN", "GATEWAY_SECRET", "TURN_SECRET", "WEBHOOK_SECRET", "INVITATION_SECRET"] {
            guard let secret = settings.optional(name), secret.utf8.count < 16 else { continue }
            settings.fault("\(name) must have at least 16 characters in production")
        }
    }

    /// `scheme://host[:port]`, as browsers send it; a slash at its end is forgiven.
    private static func isOrigin(_ text: String) -> Bool {
        text == "*" || text.wholeMatch(of: /[a-z][a-z0-9+.\-]*:\/\/[^\/\s?#@]+\/?/) != nil
    }

    /// Every origin a browser may call from: `CORS_ORIGINS` and always `PUBLIC_URL`.
    public var allowedOrigins: Set<String> {
        Set((corsOrigins + [publicURL]).map { $0.hasSuffix("/") ? String($0.dropLast()) : $0 })
    }
}
