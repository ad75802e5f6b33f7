import Testing

/// ARCHITECTURE: dependencies point one way, and a C library has one importer.
struct ImportTests {
    /// C module → its one wrapper.
    static let wrappers = [
        "CEpoll": "IOReactor", "CLibPQ": "Postgres", "CHiredis": "Redis", "CRabbitMQ": "AMQP", "CCurl": "SMTP",
    ]

    static let services: Set = ["RoomService", "MessageService", "SignalingService", "NotificationWorker"]

    /// Module of ours → modules of ours that it may import.
    static let mayImport: [String: Set<String>] = [
        "IOReactor": [],
        "Postgres": ["IOReactor"],
        "Redis": ["IOReactor"],
        "AMQP": ["IOReactor"],
        "SMTP": ["IOReactor"],
        "Identifiers": [],
        "Events": ["Identifiers"],
        "ServiceSupport": ["Identifiers"],
        "Auth": ["Identifiers", "ServiceSupport"],
        "EventBus": ["Identifiers", "Events", "Postgres", "AMQP", "ServiceSupport"],
        "HTTPSupport": ["Identifiers", "Events", "Auth", "ServiceSupport", "Postgres", "Redis"],
        "ParlorClient": ["Identifiers"],
        "RoomService": platform,
        // The links that a message passes share a thread.
        "MessageService": platform.union(["IOReactor"]),
        "SignalingService": platform,
        "NotificationWorker": platform.union(["SMTP"]),
    ]

    static let platform: Set = [
        "Identifiers", "Events", "EventBus", "Postgres", "Redis", "AMQP", "Auth", "HTTPSupport", "ServiceSupport",
    ]

    static let ours = Set(mayImport.keys).union(["TestSupport"])

    @Test func everyModuleHasARule() throws {
        for file in try Checkout.sources(in: "Shared", "Services") {
            #expect(Self.ours.contains(file.module), "\(file.path): say in ImportTests what \(file.module) may import")
        }
    }

    @Test func modulesImportOnlyWhatTheyMay() throws {
        for file in try Checkout.sources(in: "Shared", "Services") {
            guard let allowed = Self.mayImport[file.module] else { continue }
            // the executable beside a service sees the service
            let own = file.rooms.first == "Main" ? allowed.union([file.module]) : allowed
            for name in file.imports.map(\.module) where Self.ours.contains(name) {
                #expect(own.contains(name), "\(file.path) imports \(name)")
            }
        }
    }

    @Test func servicesNeverImportEachOther() throws {
        for file in try Checkout.sources(in: "Services", "Tools") {
            for name in file.imports.map(\.module) where Self.services.contains(name) {
                #expect(name == file.module, "\(file.path) imports \(name)")
            }
        }
    }

    @Test func aCLibraryHasOneImporter() throws {
        for file in try Checkout.sources(in: "Shared", "Services", "Tools", "Tests") {
            for found in file.imports {
                guard let wrapper = Self.wrappers[found.module] else { continue }
                #expect(file.module == wrapper, "\(file.path) imports \(found.module), which is \(wrapper)'s")
                #expect(!found.isPublic, "\(file.path) shows \(found.module) in its own interface")
            }
        }
    }

    @Test func driversKnowNeitherHTTPNorServices() throws {
        let drivers: Set = ["IOReactor", "Postgres", "Redis", "AMQP", "SMTP"]
        for file in try Checkout.sources(in: "Shared") where drivers.contains(file.module) {
            for name in file.imports.map(\.module) {
                let foreign = name.hasPrefix("Hummingbird") || name.hasPrefix("NIO") || name.hasPrefix("HTTP")
                #expect(!foreign && name != "AsyncHTTPClient" && name != "JWTKit", "\(file.path) imports \(name)")
            }
        }
    }

    @Test func identifiersAndEventsStandOnFoundation() throws {
        let allowed: Set = ["Foundation", "FoundationEssentials", "Crypto", "Identifiers", "Synchronization"]
        for file in try Checkout.sources(in: "Shared") where ["Identifiers", "Events"].contains(file.module) {
            for name in file.imports.map(\.module) {
                #expect(allowed.contains(name), "\(file.path) imports \(name)")
            }
        }
    }

    @Test func testSupportStaysInTests() throws {
        for file in try Checkout.sources(in: "Shared", "Services", "Tools") where file.module != "TestSupport" {
            #expect(!file.imports.contains { $0.module == "TestSupport" }, "\(file.path) imports TestSupport")
        }
    }
}
