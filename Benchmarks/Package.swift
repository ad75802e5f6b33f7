// swift-tools-version: 6.2
import PackageDescription

func ours(_ name: String) -> Target.Dependency { .product(name: name, package: "parlor") }

/// Apart from the main package, so that what only benchmarks need never enters its graph.
let package = Package(
    name: "parlor-benchmarks",
    platforms: [.macOS(.v15)],
    dependencies: [
        .package(name: "parlor", path: ".."),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        .executableTarget(
            name: "parlor-bench",
            dependencies: [
                ours("AMQP"), ours("CLibPQ"), ours("CRabbitMQ"), ours("EventBus"), ours("Events"),
                ours("Identifiers"), ours("IOReactor"), ours("ParlorClient"), ours("Postgres"), ours("Redis"),
                ours("TestSupport"),
                // What is measured: built with the benchmarks, so that one build makes both.
                ours("room-service"), ours("message-service"), ours("signaling-service"), ours("notification-worker"),
                ours("parlor"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            path: "Sources/Bench",
            swiftSettings: [
                .swiftLanguageMode(.v6),
                .enableUpcomingFeature("ExistentialAny"),
                .enableUpcomingFeature("MemberImportVisibility"),
                .enableUpcomingFeature("InternalImportsByDefault"),
                .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
                .treatAllWarnings(as: .error),
            ])
    ]
)
