import Events
import Identifiers
import Testing

@testable import NotificationWorker

@Suite struct DeliveryRulesTests {
    static let start = Timestamp(millisecondsSinceEpoch: 1_000_000_000)
    let schedule = DeliverySchedule()

    @Test func theScheduleIsThatOfTheContractThenEveryTenMinutes() {
        let waits = (1...6).map { attempts in
            schedule.next(afterAttempts: attempts, begunAt: Self.start, now: Self.start, spread: 0).map {
                $0.since(Self.start)
            }
        }
        #expect(waits == [.seconds(1), .seconds(10), .seconds(60), .seconds(600), .seconds(600), .seconds(600)])
    }

    @Test func jitterOnlyAddsAndIsBounded() {
        for spread in [0, 0.5, 1, 7.0] {
            let next = schedule.next(afterAttempts: 2, begunAt: Self.start, now: Self.start, spread: spread)
            #expect((10_000...12_000).contains(next?.since(Self.start).wholeMilliseconds ?? 0))
        }
    }

    @Test func afterADayItGivesUp() {
        let late = Self.start + .seconds(86_400 - 599)
        #expect(schedule.next(afterAttempts: 9, begunAt: Self.start, now: late, spread: 0) == nil)
        #expect(schedule.next(afterAttempts: 9, begunAt: Self.start, now: late - .seconds(2), spread: 0) != nil)
    }

    static func delivery(_ status: DeliveryStatus, attempts: Int = 1) -> MailDelivery {
        MailDelivery(status: status, attempts: attempts, dueAt: status == .queued ? start : nil, queuedAt: start)
    }

    func after(_ status: DeliveryStatus, _ occurrence: MailDelivery.Occurrence, now: Timestamp = start) -> MailDelivery?
    {
        var delivery = Self.delivery(status)
        return delivery.apply(occurrence, at: now, schedule: schedule, spread: 0) ? delivery : nil
    }

    @Test func theRoadToSent() {
        let claimed = after(.queued, .claimed)
        #expect(claimed?.status == .sending)
        #expect(claimed?.attempts == 2)
        #expect(claimed?.dueAt == nil)
        #expect(after(.sending, .accepted)?.status == .sent)
        #expect(after(.sending, .accepted)?.lastError == nil)
    }

    @Test func refusals() {
        let again = after(.sending, .refusedForNow("450 later"))
        #expect(again?.status == .queued)
        #expect(again?.dueAt == Self.start + .seconds(1))
        #expect(again?.lastError == "450 later")
        #expect(after(.sending, .refusedForNow("450"), now: Self.start + .seconds(86_400))?.status == .failed)
        #expect(after(.sending, .refused("550 no"))?.status == .failed)
        #expect(after(.sending, .refused("550 no"))?.lastError == "550 no")
        #expect(after(.sending, .calledOff("withdrawn"))?.lastError == "withdrawn")
        #expect(after(.sending, .lostTrack("cut off"))?.status == .uncertain)
    }

    @Test func abandonedBeforeTheDotIsSentAgainAfterItIsNot() {
        let again = after(.sending, .abandoned(isHandedOver: false))
        #expect(again?.status == .queued)
        #expect(again?.dueAt == Self.start)
        #expect(after(.sending, .abandoned(isHandedOver: true))?.status == .uncertain)
    }

    @Test func whatIsOverStaysOver() {
        let late: [MailDelivery.Occurrence] = [
            .claimed, .accepted, .refusedForNow("x"), .refused("x"), .lostTrack("x"), .abandoned(isHandedOver: true),
            .abandoned(isHandedOver: false), .calledOff("withdrawn"),
        ]
        for occurrence in late {
            #expect(after(.sent, occurrence) == nil)
            #expect(after(.failed, occurrence) == nil)
        }
        // A late answer of the server settles what was uncertain; nothing sends it again.
        #expect(after(.uncertain, .accepted)?.status == .sent)
        #expect(after(.uncertain, .refused("550"))?.status == .failed)
        #expect(after(.uncertain, .refusedForNow("x")) == nil)
        #expect(after(.uncertain, .claimed) == nil)
        #expect(after(.uncertain, .abandoned(isHandedOver: false)) == nil)
    }

    // MARK: - Circuit breaker

    /// Whether each of the moments, in seconds from the start, is admitted.
    func admitted(_ breaker: inout CircuitBreaker, at seconds: Int...) -> [Bool] {
        seconds.map { breaker.admits(at: Self.start + .seconds($0)) }
    }

    @Test func theCircuitOpensProbesAndCloses() {
        var breaker = CircuitBreaker(threshold: 3, pause: .seconds(30))
        for _ in 1...2 { breaker.failed(at: Self.start) }
        let beforeTheThird = admitted(&breaker, at: 0)
        breaker.succeeded()
        for _ in 1...3 { breaker.failed(at: Self.start) }
        // One probe at a time, after the pause.
        let whileOpen = admitted(&breaker, at: 0, 29, 30, 30)
        breaker.failed(at: Self.start + .seconds(30))
        let afterTheProbe = admitted(&breaker, at: 59, 60)
        breaker.succeeded()
        #expect(beforeTheThird == [true])
        #expect(whileOpen == [false, false, true, false])
        #expect(afterTheProbe == [false, true])
        #expect(breaker.state == .closed(failures: 0))
    }

    @Test func aProbeThatWasNeverDecidedDoesNotBlockForEver() {
        var breaker = CircuitBreaker(threshold: 1, pause: .seconds(30))
        breaker.failed(at: Self.start)
        let probes = admitted(&breaker, at: 30, 59, 60)
        #expect(probes == [true, false, true])
    }

    // MARK: - Channels

    @Test func channelsFollowTheRecipientsWishes() throws {
        let invited = Invited("bob@example.org")
        let draft = try #require(NotificationDraft.drafts(of: invited.event()).first)
        func choice(_ email: Bool, _ inApp: Bool, muted: Bool = false) -> ChannelChoice {
            ChannelChoice(
                draft, preferences: Preferences(email: email, inApp: inApp, mutedRooms: muted ? [invited.room] : []))
        }
        #expect(choice(true, true).mail && choice(true, true).inApp && choice(true, true).status == .queued)
        #expect(!choice(false, true).mail && choice(false, true).inApp && choice(false, true).status == .sent)
        #expect(choice(true, false).mail && !choice(true, false).inApp)
        #expect(choice(false, false).status == .failed)
        #expect(!choice(true, true, muted: true).mail && !choice(true, true, muted: true).inApp)
        #expect(choice(true, true, muted: true).status == .failed)
    }

    @Test func aBanIsToldOnceThoughItsFactPassesTwice() {
        let room = RoomRef(id: .new(), code: .random())
        let member = MemberView(
            userId: .new(), displayName: "Eve", role: .member, isMuted: false, mutedUntil: nil, joinedAt: Self.start)
        let body = EventBody.timeline(.memberBanned(member, reason: "spam", until: nil))
        #expect(NotificationDraft.drafts(of: Event(body: body, room: room, fact: 7)).map(\.userID) == [member.userId])
        #expect(NotificationDraft.drafts(of: Event(body: body, room: room, seq: 9)).isEmpty)
    }
}
