import Logging
import Synchronization

/// Notes what is logged.
final class LogNotes: Sendable {
    struct Line: Sendable {
        var level: Logger.Level
        var message: String
        var fields: [String: String]
    }

    private let noted = Mutex<[Line]>([])

    func lines(_ message: String) -> [Line] { noted.withLock { $0.filter { $0.message == message } } }

    var logger: Logger {
        var logger = Logger(label: "notes", factory: { _ in Handler(notes: self) })
        logger.logLevel = .debug
        return logger
    }

    private struct Handler: LogHandler {
        let notes: LogNotes
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.debug

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            let line = Line(
                level: event.level, message: "\(event.message)",
                fields: (event.metadata ?? [:]).mapValues { "\($0)" })
            notes.noted.withLock { $0.append(line) }
        }
    }
}
