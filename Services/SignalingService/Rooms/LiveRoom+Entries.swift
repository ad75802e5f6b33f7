import Events
import Foundation
import Identifiers
import NIOCore
import ServiceSupport

/// The live stream: entries in order, holes filled, sockets brought up to it.
extension LiveRoom {
    /// Entries as the broker brought them.
    func receive(_ entries: [LiveEntry]) {
        services.commands.receive(entries)
        var ready: [LiveEntry] = []
        for entry in entries {
            switch stream.receive(entry) {
            case .deliver(let next): ready += next
            case .hole, .nothing: break
            case .overflow: return closeAll(.resumeRequired)
            }
        }
        deliver(ready)
        repairIfNeeded()
    }

    /// The timeline's head, as the message service says; what is missing is read.
    func observe(head: Int64) {
        guard head > stream.head else { return }
        fill()
    }

    func repairIfNeeded() {
        if stream.hasHole { fill() }
    }

    private func deliver(_ entries: [LiveEntry]) {
        guard !entries.isEmpty else { return }
        send(entries)
        for entry in entries { perform(entry.effect, at: entry.seq) }
    }

    /// Reads on from the head until nothing is missing. A lost event usually means more were lost: it reads to the end.
    private func fill() {
        guard !isFilling else { return }
        isFilling = true
        Background.run("fill a hole", deadline: .seconds(60), logger: services.logger) { await self.fillHole() }
    }

    private func fillHole() async {
        defer { isFilling = false }
        // An event under way closes most holes before the timeline could be asked.
        try? await Task.sleep(for: .milliseconds(20))
        var backoff = Backoff(first: .milliseconds(100), limit: .seconds(2))
        let giveUp = ContinuousClock.now + .seconds(30)
        while !attached.isEmpty || !holding.isEmpty {
            do {
                let page = try await services.timeline.entries(of: id, after: stream.head, limit: 500)
                services.commands.receive(page.entries)
                deliver(stream.fill(page.entries))
                if page.entries.isEmpty || stream.head >= page.head, !stream.hasHole { return }
                if page.entries.isEmpty { return }
            } catch {
                guard stream.hasHole, .now < giveUp, !Task.isCancelled else {
                    if stream.hasHole { closeAll(.resumeRequired) }
                    return
                }
                try? await Task.sleep(for: backoff.next())
            }
        }
    }

    private func perform(_ effect: LiveEntry.Effect, at seq: Int64) {
        // An entry read from the timeline may be here before its fact is heard.
        if effect.isFact { doubtFacts() }
        switch effect {
        case .none, .deleted: break
        // Who was let in later may read on the way how they once lost that right.
        case .lost(let userId): close(userId, .noLongerAuthorised) { $0.seq < seq }
        case .ended:
            endedByFact = true
            closeAll(.roomEnded)
        case .member(let member): note(member)
        case .sessionOver(let id): session.hear(endOf: id)
        }
    }

    /// A fact that closes sockets came before its entry: the entry gets a moment to come first.
    func heard(fact: Int64, _ effect: LiveEntry.Effect) {
        let room = self
        newestFact = max(newestFact, fact)
        switch effect {
        case .lost(let userId):
            if lostRights.count > 1000 { lostRights.removeAll() }
            lostRights[userId] = max(fact, lostRights[userId] ?? 0)
            members[userId] = nil
            loop.scheduleTask(in: Self.graceForEntry) {
                room.assumeIsolated { $0.close(userId, .noLongerAuthorised) { $0.facts < fact } }
            }
        case .ended:
            loop.scheduleTask(in: Self.graceForEntry) {
                room.assumeIsolated {
                    $0.endedByFact = true
                    $0.closeAll(.roomEnded)
                }
            }
        case .sessionOver(let id): session.hear(endOf: id)
        case .none, .deleted, .member: break
        }
    }

    /// Within the two seconds promised.
    private static var graceForEntry: TimeAmount { .milliseconds(1300) }

    // MARK: - Bringing a socket up

    /// Sends what a socket lacks, from memory or from the timeline, and makes it live.
    func bringUp(_ connection: ConnectionID) {
        guard var each = attached[connection], !each.isLive, !isPaused else { return }
        if let missing = stream.entries(from: each.next), missing.count <= 64 {
            for entry in missing { each.socket.post(entry.frame) }
            each.next = max(each.next, stream.head + 1)
            each.isLive = true
            attached[connection] = each
            forgetGroups()
            return
        }
        guard replaying.insert(connection).inserted else { return }
        Background.run("replay", deadline: .seconds(900), logger: services.logger) { await self.replay(connection) }
    }

    private func replay(_ connection: ConnectionID) async {
        let isLeft = await replayAll(to: connection)
        replaying.remove(connection)
        // Where it was confirmed meanwhile that the seats are ours, nobody else goes on with it.
        if isLeft { bringUp(connection) }
    }

    /// - Returns: false where the socket has ended, and nothing more can be told to it.
    private func replayAll(to connection: ConnectionID) async -> Bool {
        var failures = 0
        while let each = attached[connection], !each.isLive, !isPaused {
            let missing: [LiveEntry]
            if let kept = stream.entries(from: each.next) {
                missing = kept
            } else {
                do {
                    missing = try await page(from: each.next)
                    failures = 0
                } catch {
                    failures += 1
                    guard failures < 5 else {
                        each.socket.close(.resumeRequired)
                        return false
                    }
                    try? await Task.sleep(for: .milliseconds(200 * failures))
                    continue
                }
                // The head says there is more than the timeline has: it cannot be told without a gap.
                guard missing.first?.seq == each.next else {
                    each.socket.close(.resumeRequired)
                    return false
                }
            }
            if !missing.isEmpty {
                services.metrics.replayed(missing.count)
                guard await each.socket.replay(missing.map(\.frame)) else { return false }
                attached[connection]?.next = missing[missing.count - 1].seq + 1
            }
            if let now = attached[connection], now.next > stream.head {
                attached[connection]?.isLive = true
                forgetGroups()
            }
        }
        return attached[connection] != nil
    }

    /// Entries of the timeline from `next` on. Crowds come back at once and lack much the same: one reads it for all.
    private func page(from next: Int64) async throws -> [LiveEntry] {
        if let reading, reading.covers(next, at: stream.deletions) {
            let page = try await reading.page.value.get().drop { $0.seq < next }
            if !page.isEmpty { return Array(page) }
        }
        let deletions = stream.deletions
        let page = Background.share(deadline: .seconds(10)) { [services, id] in
            try await services.timeline.entries(of: id, after: next - 1, limit: PageReading.limit).entries
        }
        reading = PageReading(first: next, deletions: deletions, page: page)
        defer { if reading?.page == page { reading = nil } }
        let entries = try await page.value.get()
        stream.recall(entries, readBefore: deletions)
        return entries
    }
}
