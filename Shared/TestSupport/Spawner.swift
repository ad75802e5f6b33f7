import Foundation
import Synchronization

/// Starts children from a thread that never ends: the kernel kills a `pdeathsig` child when the *thread* that started
/// it is gone, and the pool's threads come and go.
final class Spawner: Sendable {
    static let shared = Spawner()

    /// The caller waits while the thread works on it, so that they never touch it at the same time.
    private final class Request: @unchecked Sendable {
        let command: [String]
        let environment: [String]
        let log: String
        let done = DispatchSemaphore(value: 0)
        var pid: pid_t = 0
        var failure: Int32 = 0

        init(_ command: [String], _ environment: [String], _ log: String) {
            self.command = command
            self.environment = environment
            self.log = log
        }
    }

    private let requests = Mutex<[Request]>([])
    private let pending = DispatchSemaphore(value: 0)

    private init() {
        Thread { self.serve() }.start()
    }

    /// Starts a child and returns its id. Blocks for the few milliseconds that takes.
    func spawn(_ command: [String], environment: [String], log: String) throws -> pid_t {
        let request = Request(command, environment, log)
        requests.withLock { $0.append(request) }
        pending.signal()
        request.done.wait()
        guard request.failure == 0 else {
            throw ServerProcess.Failure(description: "\(command): \(String(cString: strerror(request.failure)))")
        }
        return request.pid
    }

    private func serve() {
        while true {
            pending.wait()
            let request = requests.withLock { $0.removeFirst() }
            start(request)
            request.done.signal()
        }
    }

    private func start(_ request: Request) {
        var files = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&files)
        defer { posix_spawn_file_actions_destroy(&files) }
        posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&files, 1, request.log, O_WRONLY | O_CREAT | O_APPEND, 0o644)
        posix_spawn_file_actions_adddup2(&files, 1, 2)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // A group of its own: Ctrl-C is for the tests. No signal stays blocked.
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK))
        let arguments = request.command.map { strdup($0) } + [nil]
        let environment = request.environment.map { strdup($0) } + [nil]
        defer { (arguments + environment).forEach { free($0) } }
        request.failure = posix_spawn(&request.pid, request.command[0], &files, &attributes, arguments, environment)
    }
}
