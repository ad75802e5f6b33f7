import Events
import Identifiers
import Testing

@testable import RoomService

@Suite struct SmallRulesTests {
    @Test func flagsPickTheSameUsersEachTime() {
        let users = (0..<2000).map { _ in UserID.new() }
        let share = users.filter { FeatureFlag.percent(10).isOn(for: $0, isAdmin: false, feature: "x") }
        #expect((120...280).contains(share.count))
        #expect(share.allSatisfy { FeatureFlag.percent(10).isOn(for: $0, isAdmin: false, feature: "x") })
        #expect(FeatureFlag("admins")?.isOn(for: users[0], isAdmin: false, feature: "x") == false)
        #expect(FeatureFlag("admins")?.isOn(for: users[0], isAdmin: true, feature: "x") == true)
        for wrong in ["", "yes", "101%", "-1%", "10"] { #expect(FeatureFlag(wrong) == nil) }
    }

    @Test func meetingsExpireOthersDoNot() {
        let draft = RoomDraft(
            kind: .meeting, type: .public, name: nil, description: nil, genre: nil, maxParticipants: 4)
        var room = Room(draft, code: .random(), owner: .new(), at: .now())
        let lifetime = RoomLifetime(timeout: .seconds(3600))
        let end = room.lastActivityAt + .seconds(3600)
        #expect(lifetime.expiresAt(room) == end)
        #expect(!lifetime.hasExpired(room, at: end - .milliseconds(1)))
        #expect(lifetime.hasExpired(room, at: end))
        room.participantCount = 1
        #expect(!lifetime.hasExpired(room, at: end))
        room.kind = .chat
        #expect(lifetime.expiresAt(room) == nil)
    }

    @Test func aMuteEndsAtItsMoment() {
        let now = Timestamp.now()
        let member = Member(
            userID: .new(), displayName: "x", role: .member, isMuted: true, mutedUntil: now + .seconds(1),
            joinedAt: now,
            joinedFact: 1)
        #expect(member.view(at: now).isMuted)
        #expect(!member.view(at: now + .seconds(1)).isMuted)
        #expect(member.view(at: now + .seconds(1)).mutedUntil == nil)
    }

    @Test func mutesFollowTheirFields() {
        let now = Timestamp.now()
        let quiet = MemberView(
            userId: .new(), displayName: "x", role: .member, isMuted: true, mutedUntil: now, joinedAt: now)
        #expect(MemberChanges(isMuted: true, mutedUntil: .clear).mute(after: quiet) == (true, nil))
        #expect(MemberChanges(isMuted: false).mute(after: quiet) == (false, nil))
        var loud = quiet
        (loud.isMuted, loud.mutedUntil) = (false, nil)
        #expect(MemberChanges(mutedUntil: .set(now)).mute(after: loud) == (true, now))
        #expect(throws: Refusal.self) { try MemberChanges(mutedUntil: .set(now)).check(now: now) }
        #expect(throws: Refusal.self) {
            try MemberChanges(isMuted: false, mutedUntil: .set(now + .seconds(1))).check(now: now)
        }
    }

    @Test func namesArePresentable() {
        #expect(Caller.displayName(nil) == "Guest")
        #expect(Caller.displayName(" \u{7}\n ") == "Guest")
        #expect(Caller.displayName("  Ann\u{0} ") == "Ann")
        #expect(Caller.displayName(String(repeating: "x", count: 200)).count == 100)
    }

    @Test func failedJobsComeBackSooner() {
        let start = Timestamp.now()
        var schedule = JobSchedule(interval: .seconds(300), lastRun: nil, now: start)
        #expect(schedule.isDue(at: start))
        schedule.ran(at: start, isSuccess: false)
        #expect(schedule.nextRun == start + .seconds(5))
        schedule.ran(at: start, isSuccess: false)
        #expect(schedule.nextRun == start + .seconds(10))
        for _ in 0..<20 { schedule.ran(at: start, isSuccess: false) }
        #expect(schedule.nextRun == start + .seconds(300))
        schedule.ran(at: start, isSuccess: true)
        #expect(schedule.failures == 0)
        let inherited = JobSchedule(interval: .seconds(300), lastRun: start, now: start + .seconds(1))
        #expect(!inherited.isDue(at: start + .seconds(299)))
        let failed = JobSchedule(interval: .seconds(300), lastRun: start, hasFailed: true, now: start + .seconds(1))
        #expect(failed.nextRun == start + .seconds(5))
    }
}
