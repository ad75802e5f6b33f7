// swift-tools-version: 6.2
import PackageDescription

/// Every target of ours is built under these rules; `Tests/ArchitectureTests` holds who may import whom.
let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .treatAllWarnings(as: .error),
]

// MARK: - Libraries from elsewhere

let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let asyncHTTPClient = Target.Dependency.product(name: "AsyncHTTPClient", package: "async-http-client")
let collections = Target.Dependency.product(name: "DequeModule", package: "swift-collections")
let configuration = Target.Dependency.product(name: "Configuration", package: "swift-configuration")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let cryptoExtras = Target.Dependency.product(name: "CryptoExtras", package: "swift-crypto")
let hummingbird = Target.Dependency.product(name: "Hummingbird", package: "hummingbird")
let httpTypes = Target.Dependency.product(name: "HTTPTypes", package: "swift-http-types")
let hummingbirdCore = Target.Dependency.product(name: "HummingbirdCore", package: "hummingbird")
let hummingbirdTesting = Target.Dependency.product(name: "HummingbirdTesting", package: "hummingbird")
let jwtKit = Target.Dependency.product(name: "JWTKit", package: "jwt-kit")
let lifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let unixSignals = Target.Dependency.product(name: "UnixSignals", package: "swift-service-lifecycle")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let metrics = Target.Dependency.product(name: "CoreMetrics", package: "swift-metrics")
let metricsAPI = Target.Dependency.product(name: "Metrics", package: "swift-metrics")
let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let nioHTTP1 = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
let nioWebSocket = Target.Dependency.product(name: "NIOWebSocket", package: "swift-nio")
let nioFoundation = Target.Dependency.product(name: "NIOFoundationCompat", package: "swift-nio")
let nioSSL = Target.Dependency.product(name: "NIOSSL", package: "swift-nio-ssl")

// MARK: - Our own targets

/// A C library, or a header of static-inline shims, imported by exactly one driver.
func cLibrary(_ name: String, pkgConfig: String?, apt: String) -> Target {
    .systemLibrary(
        name: name, path: "Shared/\(name)", pkgConfig: pkgConfig,
        providers: [.apt([apt])])
}

func shared(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, path: "Shared/\(name)", swiftSettings: strict)
}

/// A service is a library with a thin executable beside it, so that tests can assemble it in process.
/// - Parameter embedded: the folder whose files become constants: SQL migrations, or Lua scripts.
func service(
    _ name: String, executable: String, embedded: String = "Migrations", _ dependencies: [Target.Dependency]
) -> [Target] {
    [
        .target(
            name: name, dependencies: dependencies, path: "Services/\(name)", exclude: ["Main"],
            resources: [.embedInCode(embedded)], swiftSettings: strict),
        .executableTarget(
            name: executable, dependencies: [.target(name: name), "ServiceSupport"],
            path: "Services/\(name)/Main", swiftSettings: strict),
    ]
}

func tests(_ name: String, _ dependencies: [Target.Dependency], resources: [Resource] = []) -> Target {
    .testTarget(
        name: name, dependencies: dependencies, path: "Tests/\(name)", resources: resources, swiftSettings: strict)
}

/// What every service is built on.
let platform: [Target.Dependency] = [
    "Identifiers", "Events", "EventBus", "Postgres", "Redis", "AMQP", "Auth", "HTTPSupport", "ServiceSupport",
    hummingbird, httpTypes, lifecycle, logging, metricsAPI, nioCore, nioFoundation, asyncHTTPClient,
]

let package = Package(
    name: "parlor",
    platforms: [.macOS(.v15)],
    products: [
        .executable(name: "room-service", targets: ["room-service"]),
        .executable(name: "message-service", targets: ["message-service"]),
        .executable(name: "signaling-service", targets: ["signaling-service"]),
        .executable(name: "notification-worker", targets: ["notification-worker"]),
        .executable(name: "parlor", targets: ["parlor"]),
        // For the package in Benchmarks.
        .library(name: "IOReactor", targets: ["IOReactor"]),
        .library(name: "Postgres", targets: ["Postgres"]),
        .library(name: "Redis", targets: ["Redis"]),
        .library(name: "AMQP", targets: ["AMQP"]),
        .library(name: "Identifiers", targets: ["Identifiers"]),
        .library(name: "Events", targets: ["Events"]),
        .library(name: "EventBus", targets: ["EventBus"]),
        .library(name: "ParlorClient", targets: ["ParlorClient"]),
        .library(name: "TestSupport", targets: ["TestSupport"]),
        .library(name: "CLibPQ", targets: ["CLibPQ"]),
        .library(name: "CRabbitMQ", targets: ["CRabbitMQ"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-configuration", from: "1.4.0"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/vapor/jwt-kit", from: "5.7.1"),
    ],
    targets: [
        cLibrary("CEpoll", pkgConfig: nil, apt: "libc6-dev"),
        cLibrary("CLibPQ", pkgConfig: "libpq", apt: "libpq-dev"),
        cLibrary("CHiredis", pkgConfig: "hiredis", apt: "libhiredis-dev"),
        cLibrary("CRabbitMQ", pkgConfig: "librabbitmq", apt: "librabbitmq-dev"),
        cLibrary("CCurl", pkgConfig: "libcurl", apt: "libcurl4-openssl-dev"),

        shared("IOReactor", ["CEpoll"]),
        shared("Postgres", ["CLibPQ", "IOReactor", lifecycle, logging, collections]),
        shared("Redis", ["CHiredis", "IOReactor", lifecycle, logging, collections, crypto]),
        shared("AMQP", ["CRabbitMQ", "IOReactor", lifecycle, logging, collections]),
        shared("SMTP", ["CCurl", "IOReactor", logging]),

        shared("Identifiers", [crypto]),
        shared("Events", ["Identifiers"]),
        shared("ServiceSupport", ["Identifiers", configuration, lifecycle, unixSignals, logging, metrics, metricsAPI]),
        shared(
            "Auth",
            [
                "Identifiers", "ServiceSupport", jwtKit, asyncHTTPClient, nioHTTP1, nioCore, nioFoundation, lifecycle,
                logging, crypto,
            ]),
        shared(
            "EventBus",
            ["Identifiers", "Events", "Postgres", "AMQP", "ServiceSupport", lifecycle, logging, metricsAPI]),
        shared(
            "HTTPSupport",
            [
                "Identifiers", "Events", "Auth", "ServiceSupport", "Postgres", "Redis", hummingbird, hummingbirdCore,
                httpTypes, asyncHTTPClient,
                nioCore, nioFoundation, nioHTTP1, lifecycle, logging, metricsAPI, crypto,
            ]),
        shared(
            "ParlorClient",
            [
                "Identifiers", asyncHTTPClient, nioCore, nioPosix, nioHTTP1, nioWebSocket, nioFoundation, nioSSL,
                logging,
            ]),
        shared(
            "TestSupport",
            [
                "Identifiers", "Postgres", "Redis", "AMQP", "ServiceSupport", "ParlorClient", nioCore, nioPosix,
                lifecycle,
                logging,
            ]),

        .executableTarget(
            name: "parlor",
            dependencies: ["ParlorClient", "Identifiers", "AMQP", "EventBus", argumentParser, logging],
            path: "Tools/parlor", swiftSettings: strict),
    ]
        + service("RoomService", executable: "room-service", platform + [crypto])
        + service("MessageService", executable: "message-service", platform + ["IOReactor", collections])
        + service(
            "SignalingService", executable: "signaling-service", embedded: "Lua",
            platform + [nioPosix, nioHTTP1, nioWebSocket, collections])
        + service(
            "NotificationWorker", executable: "notification-worker", platform + ["SMTP", crypto, nioPosix, nioHTTP1])
        + [
            tests("ArchitectureTests", []),
            tests("GatewayTests", ["TestSupport", "ParlorClient", hummingbird, httpTypes, logging, nioCore]),
            tests("PostgresTests", ["Postgres", "IOReactor", "TestSupport", lifecycle, logging]),
            tests("RedisTests", ["Redis", "IOReactor", "TestSupport", lifecycle, logging]),
            tests("AMQPTests", ["AMQP", "IOReactor", "TestSupport", lifecycle, logging]),
            tests("SMTPTests", ["SMTP", "TestSupport", logging]),
            tests(
                "EventsTests", ["Events", "Identifiers", "TestSupport", "ParlorClient"], resources: [.copy("Golden")]),
            tests(
                "SharedTests",
                [
                    "Identifiers", "Auth", "HTTPSupport", "ServiceSupport", "EventBus", "AMQP", "Postgres", "Redis",
                    "Events", "TestSupport", hummingbird, hummingbirdTesting, httpTypes, jwtKit, cryptoExtras, logging,
                    lifecycle, metrics, metricsAPI, nioCore, nioFoundation, nioPosix,
                ]),
            tests(
                "RoomServiceTests",
                ["RoomService", "TestSupport", hummingbirdTesting] + platform),
            tests("MessageServiceTests", ["MessageService", "TestSupport"] + platform),
            tests(
                "SignalingServiceTests",
                ["SignalingService", "TestSupport", "ParlorClient", nioWebSocket, nioHTTP1] + platform),
            tests("NotificationWorkerTests", ["NotificationWorker", "SMTP", "TestSupport", nioHTTP1] + platform),
            tests("ParlorClientTests", ["ParlorClient", nioCore, nioPosix]),
            tests(
                "SystemTests",
                [
                    "TestSupport", "ParlorClient", "Identifiers", "Events", "AMQP", "Redis", "Postgres", logging,
                    lifecycle, nioCore, nioPosix,
                ]),
        ]
)
