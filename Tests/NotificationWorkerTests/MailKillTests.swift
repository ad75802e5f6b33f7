import Events
import Foundation
import Identifiers
import Postgres
import TestSupport
import Testing

/// `kill -9` at each step of a mail, and at random: one mail, or one that is flagged.
@Suite struct MailKillTests {
    private static func settings(_ server: MailServer) -> [String: String] {
        MailFailureTests.settings(server)
    }

    /// Refuses whatever would give a mail this status, until the answer is called.
    private static func refuse(_ status: DeliveryStatus, _ worker: Worker) async throws
        -> @Sendable () async throws -> Void
    {
        try await eventually("the worker has its tables") {
            (try? await worker.pool.query("SELECT 1 FROM notifications")) != nil
        }
        try await worker.pool.execute(
            """
            CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'refused'; END $$
            """)
        try await worker.pool.execute(
            """
            CREATE TRIGGER refuse BEFORE UPDATE ON notifications FOR EACH ROW
            WHEN (NEW.status = '\(unescaped: status.rawValue)') EXECUTE FUNCTION refuse()
            """)
        return { try await worker.pool.execute("DROP TRIGGER refuse ON notifications") }
    }

    @Test func killedBeforeItIsTakenUp() async throws {
        let server = try await MailServer()
        try await Worker.run(Self.settings(server), isProcess: true) { worker in
            let first = try worker.launch()
            let allow = try await Self.refuse(.sending, worker)
            let invited = try await worker.invite(Invited("bob@example.org"))
            try await eventually("the mail is stored") {
                try await worker.pool.query("SELECT 1 FROM notifications WHERE status = 'queued'").count == 1
            }
            try await first.end(with: SIGKILL)
            try await allow()
            let second = try worker.launch()
            try await worker.waitFor(.sent, of: invited.id)
            #expect(try server.mails.count == 1)
            try await second.end(with: SIGTERM)
        }
    }

    @Test func killedBeforeTheServerIsCalled() async throws {
        let server = try await MailServer()
        try await Worker.run(Self.settings(server), isProcess: true) { worker in
            worker.rooms.isStalling = true
            let first = try worker.launch()
            let invited = try await worker.invite(Invited("bob@example.org"))
            try await eventually("the particulars are asked for") { worker.rooms.asked >= 1 }
            try await first.end(with: SIGKILL)
            worker.rooms.isStalling = false
            let second = try worker.launch()
            let told = try await worker.waitFor(.sent, of: invited.id)
            #expect(told.map(\.delivery) == [.sending, .queued, .sending, .sent])
            #expect(try server.mails.count == 1)
            try await second.end(with: SIGTERM)
        }
    }

    @Test func killedBetweenTheServersAnswerAndItsRecord() async throws {
        let server = try await MailServer()
        try await Worker.run(Self.settings(server), isProcess: true) { worker in
            let first = try worker.launch()
            let allow = try await Self.refuse(.sent, worker)
            let invited = try await worker.invite(Invited("bob@example.org"))
            try await eventually("the server has answered, and that is not recorded") {
                try worker.log.contains("the end of a mail is not recorded yet")
            }
            try await first.end(with: SIGKILL)
            try await allow()
            let second = try worker.launch()
            let told = try await worker.waitFor(.uncertain, of: invited.id)
            #expect(told.map(\.delivery) == [.sending, .uncertain])
            try await expectNoMore(of: server, than: 1, worker)
            try await second.end(with: SIGTERM)
        }
    }

    /// Whatever would be sent again would be due within a second: another mail shows that time has passed.
    private func expectNoMore(of server: MailServer, than count: Int, _ worker: Worker) async throws {
        let next = try await worker.invite(Invited("greylist.1@example.org"))
        try await worker.waitFor(.sent, of: next.id)
        #expect(try server.mails.count == count + 1)
    }

    @Test func killedAtRandomNoMailIsSentTwiceAndNoneIsForgotten() async throws {
        let server = try await MailServer()
        try await Worker.run(Self.settings(server), isProcess: true) { worker in
            var instances = try (1...3).map { _ in try worker.launch() }
            let invited = (1...60).map { Invited("guest\($0)@example.org") }
            for invitation in invited { worker.rooms.set(invitation.mail) }
            for (index, invitation) in invited.enumerated() {
                try await worker.publish(invitation.event())
                if index % 6 == 5 {
                    let victim = Int.random(in: 0..<instances.count)
                    try await instances[victim].end(with: SIGKILL)
                    instances[victim] = try worker.launch()
                }
            }
            let ends: Set<DeliveryStatus> = [.sent, .uncertain]
            try await eventually("each has an end") {
                invited.allSatisfy { ends.contains(worker.events.deliveries(of: $0.id).last?.delivery ?? .queued) }
            }
            let mails = Dictionary(grouping: try server.mails, by: \.envelopeTo)
            for invitation in invited {
                let count = mails[invitation.fields.email]?.count ?? 0
                let end = worker.events.deliveries(of: invitation.id).last?.delivery
                #expect(end == .sent ? count == 1 : count <= 1, "\(invitation.fields.email): \(count)")
            }
            for instance in instances { try await instance.end(with: SIGTERM) }
        }
    }

    @Test func killedBeforeTheDotTheMailIsSentByAnother() async throws {
        let server = try await MailServer()
        try await Worker.run(Self.settings(server), isProcess: true) { worker in
            let first = try worker.launch()
            let invited = try await worker.invite(Invited("stall.rcpt@example.org"))
            try await worker.waitFor(.sending, of: invited.id)
            try await first.end(with: SIGKILL)
            // By now the address has become an ordinary one.
            worker.rooms.change(invited.id) { $0.email = "bob@example.org" }
            let second = try worker.launch()
            let told = try await worker.waitFor(.sent, of: invited.id)
            #expect(told.map(\.delivery) == [.sending, .queued, .sending, .sent])
            #expect(try server.mails.map(\.envelopeTo) == ["bob@example.org"])
            try await second.end(with: SIGTERM)
        }
    }

    @Test func killedAfterTheDotTheMailIsUncertainAndThereIsOne() async throws {
        let server = try await MailServer()
        try await Worker.run(Self.settings(server), isProcess: true) { worker in
            let first = try worker.launch()
            let invited = try await worker.invite(Invited("stall.data@example.org"))
            try await eventually("the server has the mail") { try server.mails.count == 1 }
            try await first.end(with: SIGKILL)
            let second = try worker.launch()
            let told = try await worker.waitFor(.uncertain, of: invited.id)
            #expect(told.map(\.delivery) == [.sending, .uncertain])
            let next = try await worker.invite(Invited("greylist.1@example.org"))
            try await worker.waitFor(.sent, of: next.id)
            #expect(try server.mails.count == 2)
            try await second.end(with: SIGTERM)
        }
    }

    @Test func threeInstancesKilledAtRandomLeaveOneFileEach() async throws {
        try await Worker.run(isProcess: true) { worker in
            var instances = try (1...3).map { _ in try worker.launch() }
            let invited = (1...60).map { Invited("guest\($0)@example.org") }
            for invitation in invited { worker.rooms.set(invitation.mail) }
            for (index, invitation) in invited.enumerated() {
                try await worker.publish(invitation.event())
                if index % 12 == 11 {
                    let victim = Int.random(in: 0..<instances.count)
                    try await instances[victim].end(with: SIGKILL)
                    instances[victim] = try worker.launch()
                }
            }
            for invitation in invited { try await worker.waitFor(.sent, of: invitation.id) }
            #expect(
                try worker.mails.keys.sorted() == invited.map { "invitation-\($0.id).0.eml" }.sorted())
            for instance in instances { try await instance.end(with: SIGTERM) }
        }
    }

    @Test func manyInstancesShareTheWorkAndSendEachMailOnce() async throws {
        let server = try await MailServer()
        try await Worker.run(Self.settings(server), isProcess: true) { worker in
            let instances = try (1...2).map { _ in try worker.launch() }
            let invited = (1...40).map { Invited("guest\($0)@example.org") }
            for invitation in invited { try await worker.invite(invitation) }
            for invitation in invited { try await worker.waitFor(.sent, of: invitation.id) }
            #expect(try server.mails.map(\.envelopeTo).sorted() == invited.map(\.fields.email).sorted())
            for instance in instances { try await instance.end(with: SIGTERM) }
        }
    }
}
