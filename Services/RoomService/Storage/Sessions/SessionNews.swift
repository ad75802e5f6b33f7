import Identifiers
import ServiceSupport
import Synchronization

/// Tells this instance's jobs what was committed to sessions. Lost with the process: the table says the same to who looks.
final class SessionNews: Sendable {
    /// Some track ends at another time than was known.
    let dueTimes = Wakeup()
    let changes = Wakeup()
    private let changed = Mutex<Set<SessionID>>([])

    func tell(_ news: SessionChange.News) {
        changed.withLock { _ = $0.insert(news.session) }
        changes.call()
        if news.isDueAnew { dueTimes.call() }
    }

    func takeChanged() -> Set<SessionID> {
        changed.withLock { changed in
            defer { changed = [] }
            return changed
        }
    }
}
