import Foundation

/// What went otherwise than it should.
struct Surprise: Error {
    var step: String
    var reason: String
}

/// What was sent and what came back, for the line of a step.
struct Told {
    var sent: String
    var back: String

    init(_ sent: String, _ back: String) {
        self.sent = sent
        self.back = back
    }
}

/// Tells the story, a line a step.
final class Narrator {
    private let isTerminal = isatty(1) != 0
    private let start = ContinuousClock.now
    private(set) var stepCount = 0

    func title(_ text: String) { say(bold(text)) }

    /// Plays one step and tells it.
    ///
    /// - Throws: `Surprise` naming the step, for any error.
    func step<T>(_ title: String, _ body: () async throws -> (T, Told)) async throws -> T {
        stepCount += 1
        let start = ContinuousClock.now
        do {
            let (value, told) = try await body()
            let took = start.duration(to: .now)
            say(
                "\(green("✓")) \(padded(title, 44)) \(faint("\(told.sent) → "))\(told.back)  \(faint(milliseconds(took)))"
            )
            return value
        } catch let surprise as Surprise {
            throw surprise
        } catch {
            throw Surprise(step: title, reason: "\(error)")
        }
    }

    func finished(_ what: String) {
        say(bold("\(what) \(stepCount) steps in \(milliseconds(start.duration(to: .now))).") + "\n")
    }

    func failed(_ surprise: Surprise) {
        say("\(red("✗")) \(surprise.step)")
        say("  \(surprise.reason)")
        FileHandle.standardError.write(Data("parlor demo: \(surprise.step): \(surprise.reason)\n".utf8))
    }

    private func say(_ line: String) {
        // At once, also into a pipe: people watch it.
        FileHandle.standardOutput.write(Data((line + "\n").utf8))
    }

    private func milliseconds(_ duration: Duration) -> String {
        let value = duration / .milliseconds(1)
        return value < 10 ? String(format: "%.1f ms", value) : String(format: "%.0f ms", value)
    }

    private func padded(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }

    private func bold(_ text: String) -> String { styled(text, "1") }
    private func faint(_ text: String) -> String { styled(text, "2") }
    private func green(_ text: String) -> String { styled(text, "32") }
    private func red(_ text: String) -> String { styled(text, "31") }

    private func styled(_ text: String, _ code: String) -> String {
        isTerminal ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text
    }
}

/// - Throws: where the world is not as it should be; `reason` says what was expected and what is.
func expect(_ condition: Bool, _ reason: @autoclosure () -> String) throws {
    if !condition { throw Unexpected(description: reason()) }
}

struct Unexpected: Error, CustomStringConvertible {
    var description: String
}
