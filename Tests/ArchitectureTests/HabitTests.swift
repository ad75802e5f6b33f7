import Testing

/// Habits that reviews would otherwise have to catch.
struct HabitTests {
    /// Where work may outlive its task, and why there.
    static let unstructured = [
        "Shared/ServiceSupport/Lifecycle/DeadlineWatch.swift":
            "Background, the one named helper, starts its tasks here",
        "Shared/Auth/PublishedKeys.swift": "callers that come together share one reading, whoever of them is cancelled",
    ]

    @Test func workStaysStructured() throws {
        let start = /(^|[\s=({])Task(\.detached)?(\([^)]*\))?\s*\{/
        for file in try Checkout.sources(in: "Shared", "Services", "Tools") {
            guard Self.unstructured[file.path] == nil, file.module != "TestSupport" else { continue }
            for line in file.code {
                #expect(
                    line.text.firstMatch(of: start) == nil,
                    "\(file.path):\(line.number) starts an unstructured task; use Background.run or a task group")
            }
        }
    }

    @Test func nothingIsForced() throws {
        for file in try Checkout.sources(in: "Shared", "Services", "Tools") {
            for line in file.code {
                #expect(!line.text.contains("try!"), "\(file.path):\(line.number)")
                #expect(!line.text.contains(" as! "), "\(file.path):\(line.number)")
                #expect(!line.text.contains("@_exported"), "\(file.path):\(line.number)")
            }
        }
    }

    @Test func uncheckedSendableGivesItsReason() throws {
        for file in try Checkout.sources(in: "Shared", "Services", "Tools", "Tests") {
            let lines = file.lines
            for line in file.code where line.text.contains("@unchecked Sendable") && !line.text.contains("\"") {
                let before = lines[..<(line.number - 1)].last { !$0.drop { $0 == " " }.hasPrefix("@") }
                let comment = before?.drop { $0 == " " }.hasPrefix("//") == true
                #expect(comment, "\(file.path):\(line.number): a comment above it has to say why it is safe")
            }
        }
    }

    @Test func everyTestIsASwiftTest() throws {
        for file in try Checkout.sources(in: "Tests") {
            #expect(!file.imports.contains { $0.module == "XCTest" }, "\(file.path)")
        }
    }

    /// Discuss at 300, split at 500; and most files are much smaller.
    @Test func filesStaySmall() throws {
        let files = try Checkout.sources(in: "Shared", "Services", "Tools", "Tests")
        let sizes = files.map { $0.lines.count }.sorted()
        for file in files { #expect(file.lines.count <= 500, "\(file.path) has \(file.lines.count) lines") }
        #expect(sizes[sizes.count / 2] <= 90)
    }
}
