import Testing

/// Who knows one service finds the way in all: the same rooms, and in each room the same view of the house.
struct RoomTests {
    /// Room → what nothing in it may import.
    static let closed: [String: Set<String>] = [
        "Domain": [
            "Postgres", "Redis", "AMQP", "SMTP", "EventBus", "HTTPSupport", "Hummingbird", "HTTPTypes",
            "AsyncHTTPClient", "NIOCore", "NIOPosix", "NIOHTTP1", "NIOWebSocket", "ServiceLifecycle",
        ],
        "Storage": ["Hummingbird", "HTTPTypes", "AsyncHTTPClient", "NIOHTTP1", "NIOWebSocket"],
        "HTTP": ["AMQP", "SMTP"],
    ]

    @Test(arguments: ["Domain", "Storage", "HTTP"])
    func roomsSeeWhatTheyShould(_ room: String) throws {
        let closed = try #require(Self.closed[room])
        for file in try Checkout.sources(in: "Services") where file.rooms.first == Substring(room) {
            for name in file.imports.map(\.module) {
                #expect(!closed.contains(name), "\(file.path) imports \(name)")
            }
        }
    }

    @Test func theExecutableIsThin() throws {
        for file in try Checkout.sources(in: "Services") where file.rooms.first == "Main" {
            #expect(file.code.count <= 30, "\(file.path): assembling belongs in the library, where tests reach it")
        }
    }

    /// A statement is told from prose by its shape: a verb and its companion.
    @Test func statementsLiveInStorage() throws {
        let statement = /"\s*(SELECT\s.*\sFROM\s|INSERT INTO\s|UPDATE\s+\w+.*\sSET\s|DELETE FROM\s)/
        let block = /^\s*(SELECT\s|INSERT INTO\s|UPDATE\s+\w+\s|DELETE FROM\s)/
        for file in try Checkout.sources(in: "Services", "Shared") where !mayHoldStatements(file) {
            for line in file.code {
                #expect(line.text.firstMatch(of: statement) == nil, "\(file.path):\(line.number) holds SQL")
                #expect(line.text.firstMatch(of: block) == nil, "\(file.path):\(line.number) holds SQL")
            }
        }
    }

    private func mayHoldStatements(_ file: SourceFile) -> Bool {
        if ["Postgres", "EventBus", "TestSupport"].contains(file.module) { return true }
        return file.rooms.contains("Storage") || file.rooms.contains("Idempotency")
    }
}
