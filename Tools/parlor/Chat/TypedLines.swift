import Foundation

/// What is typed, line by line. Reading blocks, so it has a thread of its own.
enum TypedLines {
    static var lines: AsyncStream<String> {
        AsyncStream { continuation in
            Thread {
                while let line = readLine() { continuation.yield(line) }
                continuation.finish()
            }.start()
        }
    }
}
