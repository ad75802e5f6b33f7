import ServiceSupport
import Testing

@testable import SignalingService

@Suite struct EntryStreamTests {
    private func entry(_ seq: Int64, _ effect: LiveEntry.Effect = .none, size: Int = 10) -> LiveEntry {
        let json = Array("{\"seq\":\(seq),\"x\":\"\(String(repeating: "x", count: size))\"}".utf8)
        return LiveEntry(seq: seq, frame: FrameWriter.frame(json: json, ephemeral: false), effect: effect)
    }

    private func delivered(_ outcome: EntryStream.Outcome) -> [Int64]? {
        if case .deliver(let entries) = outcome { entries.map(\.seq) } else { nil }
    }

    @Test func entriesInOrderPass() {
        var stream = EntryStream(head: 5)
        #expect(delivered(stream.receive(entry(6))) == [6])
        #expect(delivered(stream.receive(entry(7))) == [7])
        #expect(stream.head == 7)
    }

    @Test func duplicatesAndOldOnesAreDropped() {
        var stream = EntryStream(head: 5)
        #expect(delivered(stream.receive(entry(5))) == nil)
        _ = stream.receive(entry(6))
        #expect(delivered(stream.receive(entry(6))) == nil)
        #expect(stream.head == 6)
    }

    @Test func earlyOnesWaitAndAHoleIsNamedOnce() {
        var stream = EntryStream(head: 0)
        guard case .hole = stream.receive(entry(3)) else { return #expect(Bool(false)) }
        guard case .nothing = stream.receive(entry(2)) else { return #expect(Bool(false)) }
        #expect(stream.hasHole)
        #expect(delivered(stream.receive(entry(1))) == [1, 2, 3])
        #expect(!stream.hasHole)
    }

    @Test func aHoleIsFilledFromTheTimeline() {
        var stream = EntryStream(head: 1)
        _ = stream.receive(entry(5))
        #expect(stream.fill([entry(2), entry(3), entry(4)]).map(\.seq) == [2, 3, 4, 5])
        #expect(stream.fill([entry(4), entry(5)]).isEmpty)
    }

    @Test func recentOnesServeWhoResumes() {
        var stream = EntryStream(head: 0)
        for seq in 1...10 { _ = stream.receive(entry(Int64(seq))) }
        #expect(stream.entries(from: 4)?.map(\.seq) == [4, 5, 6, 7, 8, 9, 10])
        #expect(stream.entries(from: 11)?.isEmpty == true)
        #expect(EntryStream(head: 10).entries(from: 10) == nil)
    }

    @Test func memoryIsBounded() {
        var stream = EntryStream(head: 0)
        for seq in 1...2000 { _ = stream.receive(entry(Int64(seq))) }
        #expect(stream.entries(from: 1) == nil)
        #expect(stream.entries(from: 2000 - Int64(EntryStream.keptEntries) + 1)?.count == EntryStream.keptEntries)
        for seq in 2001...2100 { _ = stream.receive(entry(Int64(seq), size: 50_000)) }
        #expect(stream.entries(from: 2000) == nil)
        #expect((stream.entries(from: 2099) ?? []).count == 2)
    }

    @Test func aDeletionForgetsWhatCameBefore() {
        var stream = EntryStream(head: 0)
        for seq in 1...3 { _ = stream.receive(entry(Int64(seq))) }
        _ = stream.receive(entry(4, .deleted))
        #expect(stream.entries(from: 2) == nil)
        #expect(stream.entries(from: 4)?.map(\.seq) == [4])
    }

    private func entries(_ seqs: ClosedRange<Int64>, size: Int = 10) -> [LiveEntry] {
        seqs.map { entry($0, size: size) }
    }

    @Test func whatWasReadForOneServesTheNext() {
        var stream = EntryStream(head: 10)
        stream.recall(entries(5...10), readBefore: 0)
        #expect(stream.entries(from: 5)?.map(\.seq) == [5, 6, 7, 8, 9, 10])
        _ = stream.receive(entry(11))
        // It may overlap with what is kept, and begin earlier.
        stream.recall(entries(2...7), readBefore: 0)
        #expect(stream.entries(from: 2)?.map(\.seq) == Array(2...11))
        #expect(stream.entries(from: 1) == nil)
        // Read ahead of what was heard: it is kept when it has been delivered.
        stream.recall(entries(1...12), readBefore: 0)
        #expect(stream.entries(from: 1)?.map(\.seq) == Array(1...11))
    }

    @Test func whatDoesNotLeadUpToWhatIsKeptIsNot() {
        var stream = EntryStream(head: 10)
        stream.recall(entries(3...8), readBefore: 0)
        stream.recall([], readBefore: 0)
        #expect(stream.entries(from: 3) == nil)
        stream.recall(entries(9...10), readBefore: 0)
        #expect(stream.entries(from: 3) == nil)
        #expect(stream.entries(from: 9)?.map(\.seq) == [9, 10])
    }

    @Test func whatWasReadBeforeADeletionIsNotKept() {
        var stream = EntryStream(head: 3)
        _ = stream.receive(entry(4, .deleted))
        stream.recall(entries(1...3), readBefore: 0)
        #expect(stream.entries(from: 3) == nil)
        stream.recall(entries(1...3), readBefore: 1)
        #expect(stream.entries(from: 1)?.map(\.seq) == [1, 2, 3, 4])
    }

    @Test func aPageIsSharedByWhomItServesUnlessSomethingWasDeletedSince() {
        let page = Background.share(deadline: .seconds(1)) { [LiveEntry]() }
        let reading = PageReading(first: 10, deletions: 1, page: page)
        #expect([10, 509].allSatisfy { reading.covers($0, at: 1) })
        #expect(![9, 510].contains { reading.covers($0, at: 1) })
        #expect(!reading.covers(10, at: 2))
    }

    @Test func whatIsRecalledIsBoundedToo() {
        var stream = EntryStream(head: 2000)
        stream.recall(entries(1001...2000), readBefore: 0)
        #expect(stream.entries(from: 1001) == nil)
        #expect(stream.entries(from: 2001 - Int64(EntryStream.keptEntries))?.count == EntryStream.keptEntries)
        var big = EntryStream(head: 100)
        big.recall(entries(1...100, size: 50_000), readBefore: 0)
        #expect(big.entries(from: 96)?.count == 5)
        #expect(big.entries(from: 95) == nil)
    }

    @Test func tooMuchBehindAHoleIsSaid() {
        var stream = EntryStream(head: 0)
        for seq in 2...(EntryStream.earlyEntries + 1) { _ = stream.receive(entry(Int64(seq), size: 0)) }
        guard case .overflow = stream.receive(entry(20_000)) else { return #expect(Bool(false)) }
    }
}
