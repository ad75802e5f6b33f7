import Foundation
import Synchronization

/// Writes lines to a descriptor, whole and in order, from a thread of its own: nobody who logs waits for the disk or for
/// whoever reads the pipe, and what is said by the thousand costs few writes.
///
/// Unhurried lines are written within some milliseconds: they gather for a moment, lest every one wake the writer and whoever
/// reads it. Hurried ones, and all before them, are written when
/// `write` returns, so that the last words of a process are not lost.
public final class LineWriter: Sendable {
    /// Flushed when the process exits.
    public static let standardOutput: LineWriter = {
        atexit { LineWriter.standardOutput.flush() }
        return LineWriter(STDOUT_FILENO)
    }()

    private struct State {
        var lines: [UInt8] = []
        var isAsleep = false
    }

    /// Beyond so many bytes whoever logs has to wait after all: the reader of the pipe is slower than we are.
    private static let limit = 1 << 20

    /// Microseconds.
    private static let gathering: useconds_t = 5000

    private let descriptor: Int32
    private let state = Mutex(State())
    /// Held while writing, so that lines leave in the order in which they came.
    private let output = Mutex(())
    private let wake = DispatchSemaphore(value: 0)

    /// - Parameter descriptor: stays the caller's, and open.
    public init(_ descriptor: Int32) {
        self.descriptor = descriptor
        let thread = Thread { [self] in
            while true {
                let isEmpty = state.withLock { state in
                    state.isAsleep = state.lines.isEmpty
                    return state.isAsleep
                }
                if isEmpty { wake.wait() }
                usleep(Self.gathering)
                flush()
            }
        }
        thread.name = "log"
        thread.start()
    }

    public func write(_ line: [UInt8], hurried: Bool) {
        let (mustWake, isFull) = state.withLock { state in
            state.lines += line
            defer { state.isAsleep = false }
            return (state.isAsleep, state.lines.count > Self.limit)
        }
        if mustWake { wake.signal() }
        if hurried || isFull { flush() }
    }

    /// Returns when everything said before is written.
    public func flush() {
        output.withLock { _ in
            let lines = state.withLock { state in
                defer { state.lines = [] }
                return state.lines
            }
            lines.withUnsafeBytes { bytes in
                var rest = bytes[...]
                while !rest.isEmpty {
                    let count = Foundation.write(
                        descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
                    guard count > 0 || (count < 0 && errno == EINTR) else { return }
                    rest = rest.dropFirst(max(count, 0))
                }
            }
        }
    }
}
