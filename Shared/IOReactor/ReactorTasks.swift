/// Runs tasks on a reactor's thread, beside the reactor's actors: prefer it where every change of threads counts.
///
/// Such a task waits for descriptors and goes on without another thread's help. It must not block, and what it computes
/// holds up everything else on the thread.
public final class ReactorTasks: TaskExecutor {
    package let reactor: Reactor

    public init(_ reactor: Reactor) {
        self.reactor = reactor
    }

    public func enqueue(_ job: consuming ExecutorJob) {
        reactor.enqueue(job, of: self)
    }
}
