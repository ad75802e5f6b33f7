internal import CEpoll
internal import Glibc

/// Threads for calls that block: the cooperative pool has one thread a core and must never wait for a peer.
public enum OwnThread {
    /// Runs `work` on a new thread and returns when it is done. A cancelled caller still waits: bound the call itself.
    ///
    /// - Parameter name: what `ps -L` shows; cut to 15 bytes.
    public static func run<T: Sendable>(_ name: String, _ work: @escaping @Sendable () throws -> T) async throws -> T {
        try await withCheckedThrowingContinuation { continuation in
            start(name) { continuation.resume(with: Result(catching: work)) }
        }
    }

    /// Starts a thread that ends with `body`. For one-off blocking work whose result is delivered by `body` itself.
    public static func start(_ name: String, _ body: @escaping @Sendable () -> Void) {
        let box = Unmanaged.passRetained(ThreadBody(name: name, run: body))
        var thread = pthread_t()
        let status = pthread_create(
            &thread, nil,
            { argument in
                // Signals belong to the main thread; a handler here could interrupt a C library's system call.
                var all = sigset_t()
                sigfillset(&all)
                pthread_sigmask(SIG_BLOCK, &all, nil)
                let body = Unmanaged<ThreadBody>.fromOpaque(argument!).takeRetainedValue()
                parlor_name_thread(body.name)
                body.run()
                return nil
            }, box.toOpaque())
        guard status == 0 else {
            // No thread to be had: the process is out of memory or over its limit, and nothing here can mend that.
            preconditionFailure("pthread_create failed: \(String(cString: strerror(status)))")
        }
        pthread_detach(thread)
    }
}

private final class ThreadBody: Sendable {
    let name: String
    let run: @Sendable () -> Void

    init(name: String, run: @escaping @Sendable () -> Void) {
        self.name = name
        self.run = run
    }
}
