import NIOCore

/// Runs tasks on an event loop: a request is then answered by the thread that read it, without waking another. They must
/// not block, and what they compute holds up the loop's other connections.
final class EventLoopTasks: TaskExecutor {
    private let loop: any EventLoop

    init(_ loop: any EventLoop) { self.loop = loop }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        loop.execute { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}
