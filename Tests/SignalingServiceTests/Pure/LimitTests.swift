import NIOCore
import Testing

@testable import SignalingService

@Suite struct LimitTests {
    @Test func aBucketGivesItsBurstAndRefills() {
        let limit = RateBucket.Limit(perSecond: 10, burst: 30)
        var bucket = RateBucket(limit, now: 0)
        for _ in 0..<30 { #expect(bucket.take(limit, now: 0) == nil) }
        #expect(bucket.take(limit, now: 0) == 100)
        #expect(bucket.take(limit, now: 50) == 50)
        #expect(bucket.take(limit, now: 100) == nil)
        #expect(bucket.take(limit, now: 100) != nil)
        // A clock that goes back gives nothing away and takes nothing.
        #expect(bucket.take(limit, now: -5000) != nil)
        for _ in 0..<30 { #expect(bucket.take(limit, now: 60_000) == nil) }
        #expect(bucket.take(limit, now: 60_000) != nil)
    }

    @Test func whatWasSentElsewhereCountsHere() {
        let limit = RateBucket.Limit(perSecond: 10, burst: 30)
        var allowance = MessageAllowance(limit, now: 0)
        // The first asks at once, the others a few together, and only one question is under way.
        #expect(allowance.take(limit, now: 0) == nil)
        #expect(allowance.news(limit, now: 0) == .init(count: 1, span: .zero))
        for _ in 0..<6 { #expect(allowance.take(limit, now: 0) == nil) }
        #expect(allowance.news(limit, now: 0) == nil)
        // 10 are left for all, six of which were taken here meanwhile.
        allowance.told(left: 10)
        #expect(allowance.news(limit, now: 50) == .init(count: 6, span: .milliseconds(50)))
        for _ in 0..<4 { #expect(allowance.take(limit, now: 50) == nil) }
        #expect(allowance.take(limit, now: 50) == 50)
        // Nobody could be asked: this node counts for itself.
        allowance.told(left: nil)
        for _ in 0..<10 { #expect(allowance.take(limit, now: 1000) == nil) }
        #expect(allowance.take(limit, now: 1000) != nil)
    }

    /// Far more come back in the time that the telling takes than the bucket holds.
    @Test func aSlowAnswerTakesNothingFromWhoKeepsTheLimit() {
        let limit = RateBucket.Limit(perSecond: 200, burst: 5)
        var allowance = MessageAllowance(limit, now: 0)
        for message in 0..<400 {
            let now = Int64(message * 5)
            #expect(allowance.take(limit, now: now) == nil)
            guard message.isMultiple(of: 40) else { continue }
            let count = message == 0 ? 1 : 40
            #expect(allowance.news(limit, now: now) == .init(count: count, span: .milliseconds(count * 5 - 5)))
            // As the shared bucket had it when the question arrived.
            allowance.told(left: 4)
        }
    }

    private func frame(_ size: Int, ephemeral: Bool) -> Frame {
        Frame(bytes: ByteBuffer(repeating: 1, count: size), isEphemeral: ephemeral)
    }

    @Test func framesGoStraightToAWillingChannel() {
        var queue = OutboundQueue()
        #expect(queue.offer(frame(10, ephemeral: false), inChannel: { 0 }, isWritable: true) == .write)
        #expect(queue.isEmpty)
    }

    @Test func orderIsKeptBehindAFullChannel() {
        var queue = OutboundQueue()
        #expect(queue.offer(frame(1, ephemeral: false), inChannel: { 70_000 }, isWritable: false) == .wait)
        #expect(queue.offer(frame(2, ephemeral: false), inChannel: { 0 }, isWritable: true) == .wait)
        #expect(queue.next()?.bytes.readableBytes == 1)
        #expect(queue.next()?.bytes.readableBytes == 2)
        #expect(queue.next() == nil)
    }

    @Test func ephemeralFramesGoFirstThenTheClient() {
        var queue = OutboundQueue()
        let quarter = OutboundQueue.limit / 4
        for _ in 0..<2 {
            #expect(queue.offer(frame(quarter, ephemeral: true), inChannel: { 0 }, isWritable: false) == .wait)
        }
        for _ in 0..<2 {
            #expect(queue.offer(frame(quarter, ephemeral: false), inChannel: { 0 }, isWritable: false) == .wait)
        }
        #expect(queue.offer(frame(quarter, ephemeral: true), inChannel: { 0 }, isWritable: false) == .dropped)
        #expect(queue.offer(frame(quarter, ephemeral: false), inChannel: { 0 }, isWritable: false) == .wait)
        #expect(queue.offer(frame(quarter, ephemeral: false), inChannel: { 0 }, isWritable: false) == .wait)
        #expect(queue.offer(frame(quarter, ephemeral: false), inChannel: { 0 }, isWritable: false) == .overflow)
    }

    @Test func aReplayIsNotCounted() {
        var queue = OutboundQueue()
        for _ in 0..<8 {
            let big = frame(OutboundQueue.limit / 2, ephemeral: false)
            #expect(queue.offer(big, inChannel: { 0 }, isWritable: false, isReplay: true) == .wait)
        }
    }

    @Test func aDrainIsSpreadOverItsTime() {
        let plan = DrainPlan(time: .seconds(20))
        let steps = (0..<100).map { plan.step($0, of: 100) }
        #expect(steps[0] == .init(tellAt: .zero, reconnectAfter: .zero))
        let reconnects = steps.map { $0.tellAt + $0.reconnectAfter }
        #expect(reconnects == reconnects.sorted())
        #expect(reconnects[99] < .seconds(20))
        #expect(reconnects[50] == .seconds(9))
    }
}
