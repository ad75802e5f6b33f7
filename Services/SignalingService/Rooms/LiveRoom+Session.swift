import Events
import Foundation
import Identifiers

/// The room's listening session.
extension LiveRoom {
    /// Tells the sockets how the session stands, unless they know better.
    func heard(_ state: SessionState) {
        if session.hear(state) { tell(state) }
    }

    /// Events may have been missed; this is what the room service says.
    ///
    /// - Parameter facts: the room's newest fact when it said so.
    func read(_ state: SessionState?, facts: Int64) {
        if session.read(state, isCurrent: facts >= newestFact), let state { tell(state) }
    }

    private func tell(_ state: SessionState) {
        guard let json = try? WireJSON.encode(state.session) else { return }
        send(ServerFrame.notice("queue_updated", "session", json: json))
    }
}
