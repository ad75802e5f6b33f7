internal import Glibc
internal import IOReactor
internal import Synchronization

/// The sending half of one connection, used from any thread; its C state stays with the reading half.
///
/// Who has something to send writes it at once, on its own thread: the socket never blocks, so a lone message pays for
/// no hop to another thread. What others append meanwhile goes with the next write of whoever is writing already. When
/// the socket is full, the link's `flush` carries on. Frames are appended whole, so they never mix.
final class Wire: Sendable {
    private struct State {
        var buffer: [UInt8] = []
        /// The storage of the last write, kept to be filled again.
        var spare: [UInt8] = []
        /// Somebody is writing, or `flush` will.
        var isWriting = false
        var isClosed = false
    }

    /// What may wait for a full socket; beyond it, publishers are refused.
    static let bufferLimit = 32 << 20

    private let state = Mutex(State())
    /// A duplicate, closed with this object: a late writer can never hit a descriptor that has a new owner.
    private let descriptor: Int32
    /// False for TLS: its bytes go through the library, on the link's thread.
    private let isPlain: Bool
    private let stalls: AsyncStream<Void>.Continuation
    /// An element whenever `flush` has to carry on.
    let stalled: AsyncStream<Void>

    init(duplicating descriptor: Int32, isPlain: Bool = true) {
        self.descriptor = dup(descriptor)
        self.isPlain = isPlain
        (stalled, stalls) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    deinit {
        if descriptor >= 0 { Glibc.close(descriptor) }
    }

    /// Appends what `stage` adds to the buffer and sends what the socket takes. `stage` runs under the lock, so the order
    /// of its other effects is the order of the bytes. Nil, and `stage` not run, once closed.
    @discardableResult
    func send<R>(_ stage: (inout [UInt8]) -> R) -> R? {
        let (result, mustWrite) = state.withLock { state -> (R?, Bool) in
            guard !state.isClosed else { return (nil, false) }
            let result = stage(&state.buffer)
            let mustWrite = !state.isWriting && !state.buffer.isEmpty
            if mustWrite { state.isWriting = true }
            return (result, mustWrite)
        }
        if mustWrite {
            if isPlain { write() } else { stalls.yield() }
        }
        return result
    }

    /// Refuses everything from now on; what is buffered is dropped.
    func close() {
        state.withLock { state in
            state.isClosed = true
            state.buffer = []
        }
        stalls.finish()
    }

    /// Sends on whenever a full socket has room again; returns when closed or cancelled.
    func flush(on reactor: Reactor) async {
        for await _ in stalled {
            guard (try? await reactor.ready(descriptor, .write)) != nil else { return }
            write()
        }
    }

    /// Writes until the buffer is empty or the socket full. Called by the one who set `isWriting`.
    private func write() {
        while var chunk = nextChunk() {
            let sent = push(chunk)
            guard sent < chunk.count else {
                chunk.removeAll(keepingCapacity: true)
                state.withLock { $0.spare = chunk }
                continue
            }
            state.withLock { state in
                chunk.removeFirst(sent)
                chunk.append(contentsOf: state.buffer)
                state.buffer = chunk
            }
            stalls.yield()
            return
        }
    }

    /// What is to be sent next, for whoever is the writer; nil when it is all sent.
    func nextChunk() -> [UInt8]? {
        state.withLock { state in
            guard !state.buffer.isEmpty, !state.isClosed else {
                state.isWriting = false
                return nil
            }
            let chunk = state.buffer
            state.buffer = state.spare
            state.spare = []
            return chunk
        }
    }

    /// The number of bytes the socket took. An error takes them all: the reading half learns of it and ends the link.
    private func push(_ chunk: [UInt8]) -> Int {
        chunk.withUnsafeBytes { bytes in
            var sent = 0
            while sent < bytes.count {
                let rest = UnsafeRawBufferPointer(rebasing: bytes[sent...])
                let count = Glibc.send(descriptor, rest.baseAddress, rest.count, Int32(MSG_NOSIGNAL))
                if count >= 0 {
                    sent += count
                } else if errno == EAGAIN || errno == EWOULDBLOCK {
                    return sent
                } else if errno != EINTR {
                    shutdown(descriptor, Int32(SHUT_RDWR))
                    return bytes.count
                }
            }
            return sent
        }
    }
}
