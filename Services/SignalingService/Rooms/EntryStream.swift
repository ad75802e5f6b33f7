import DequeModule
import Events
import Foundation
import Identifiers
import NIOCore

/// A timeline entry on its way to sockets: the frame, and what it does to them besides.
struct LiveEntry: Sendable {
    enum Effect: Sendable, Equatable {
        case none
        /// The user's sockets close after it: left, removed or banned.
        case lost(UserID)
        case ended
        /// Name or role of somebody who may sit here.
        case member(MemberView)
        /// Took the content out of an earlier entry.
        case deleted
        /// The listening session of this id is over.
        case sessionOver(String)

        /// Whether it changes who may be in the room.
        var isFact: Bool {
            switch self {
            case .lost, .ended, .member: true
            case .none, .deleted, .sessionOver: false
            }
        }
    }

    var seq: Int64
    var frame: Frame
    var effect: Effect = .none
    /// The command that became this message.
    var command: UUID?
}

/// Puts a room's entries in their dense order: early ones wait, those seen already are dropped, holes are named so that
/// somebody reads them from the timeline. Keeps the newest for who resumes. Pure.
struct EntryStream {
    enum Outcome {
        /// Next in order, to be sent at once.
        case deliver([LiveEntry])
        /// Something is missing after `head`.
        case hole
        case nothing
        /// More waits behind a hole than can be kept.
        case overflow
    }

    static let keptEntries = 512
    static let keptBytes = 256 * 1024
    static let earlyEntries = 10_000

    /// The last entry delivered; everything up to it is known to the sockets.
    private(set) var head: Int64
    private var early: [Int64: LiveEntry] = [:]
    private var recent = Deque<LiveEntry>()
    private var recentBytes = 0
    /// How often what was kept had to be forgotten.
    private(set) var deletions = 0

    init(head: Int64) { self.head = head }

    var hasHole: Bool { !early.isEmpty }

    /// What came before its turn.
    var waiting: [LiveEntry] { early.values.sorted { $0.seq < $1.seq } }

    mutating func receive(_ entry: LiveEntry) -> Outcome {
        guard entry.seq > head else { return .nothing }
        if entry.seq == head + 1 { return .deliver(advance([entry])) }
        guard early.count < Self.earlyEntries else { return .overflow }
        let isNews = early.isEmpty
        early[entry.seq] = entry
        return isNews ? .hole : .nothing
    }

    /// Entries read from the timeline, in order.
    mutating func fill(_ entries: [LiveEntry]) -> [LiveEntry] {
        var delivered: [LiveEntry] = []
        for entry in entries where entry.seq == head + 1 { delivered += advance([entry]) }
        return delivered
    }

    /// What a socket that wants `next` has missed; `nil` where that is no longer kept.
    func entries(from next: Int64) -> [LiveEntry]? {
        guard next <= head else { return [] }
        guard let first = recent.first?.seq, first <= next else { return nil }
        return Array(recent[(recent.startIndex + Int(next - first))...])
    }

    /// Keeps entries that were read from the timeline for whoever resumes next, where they lead up to what is kept.
    ///
    /// - Parameter deletions: as of before they were read; since then one of them may have lost its content.
    mutating func recall(_ entries: [LiveEntry], readBefore deletions: Int) {
        let first = recent.first?.seq ?? head + 1
        guard deletions == self.deletions, let last = entries.last?.seq, last >= first - 1 else { return }
        for entry in entries.reversed() where entry.seq < first {
            let bytes = recentBytes + entry.frame.bytes.readableBytes
            guard recent.count < Self.keptEntries, bytes <= Self.keptBytes else { return }
            recent.prepend(entry)
            recentBytes = bytes
        }
    }

    private mutating func advance(_ entries: [LiveEntry]) -> [LiveEntry] {
        var delivered = entries
        for entry in entries { take(entry) }
        while let entry = early.removeValue(forKey: head + 1) {
            take(entry)
            delivered.append(entry)
        }
        return delivered
    }

    private mutating func take(_ entry: LiveEntry) {
        head = entry.seq
        if entry.effect == .deleted {
            // An earlier entry lost its content; who resumes reads it as the timeline has it now.
            recent.removeAll()
            recentBytes = 0
            deletions += 1
        }
        recent.append(entry)
        recentBytes += entry.frame.bytes.readableBytes
        while recent.count > Self.keptEntries || (recentBytes > Self.keptBytes && recent.count > 1) {
            recentBytes -= recent.removeFirst().frame.bytes.readableBytes
        }
    }
}
