import Foundation
import Logging
import SMTP
import Synchronization
import TestSupport
import Testing

/// Against a real server that refuses, stalls, hangs up and is killed.
@Suite struct SMTPClientTests {
    static let from = MailAddress("noreply@parlor.example")!

    static func client(_ server: MailServer, _ parameters: String = "", user: String = "", scheme: String = "smtp")
        throws
        -> SMTPClient
    {
        var configuration = try SMTPConfiguration(url: "\(scheme)://\(user)127.0.0.1:\(server.port)\(parameters)")
        configuration.deadline = .seconds(60)
        return SMTPClient(configuration, logger: Logger(label: "test"))
    }

    static func message(_ subject: String = "Hello") -> [UInt8] {
        MIMEMessage(
            from: Mailbox(address: from), to: Mailbox(address: from), subject: subject, text: "One\n.\n..two",
            messageID: "1@x", date: Date(timeIntervalSince1970: 0)
        ).encoded()
    }

    static func send(_ client: SMTPClient, to recipient: String) async -> SMTPOutcome {
        await client.send(message(), from: from, to: MailAddress(recipient)!)
    }

    @Test func acceptedMailArrivesWholeOverOneConnection() async throws {
        let server = try await MailServer()
        let client = try Self.client(server)
        for number in 1...3 {
            let outcome = await client.send(
                Self.message("Mail \(number)"), from: Self.from, to: MailAddress("ada@example.org")!)
            #expect(outcome == .accepted(reply: "250 2.0.0 queued"))
        }
        let mails = try server.mails
        #expect(mails.map(\.subject) == ["Mail 1", "Mail 2", "Mail 3"])
        #expect(Set(mails.map(\.connection)).count == 1)
        #expect(mails[0].text == "One\n.\n..two\n")
        #expect(mails[0].envelopeFrom == "noreply@parlor.example")
        #expect(mails[0].envelopeTo == "ada@example.org")
        await client.close()
    }

    @Test func refusalsKeepTheServersWords() async throws {
        let server = try await MailServer()
        let client = try Self.client(server)
        func failure(_ code: Int, _ text: String) -> SMTPFailure { SMTPFailure(code: code, message: text) }
        #expect(
            await Self.send(client, to: "refuse.550@x.org") == .permanent(failure(550, "550 5.1.1 refused as asked")))
        #expect(
            await Self.send(client, to: "refuse.450@x.org") == .temporary(failure(450, "450 5.1.1 refused as asked")))
        #expect(
            await Self.send(client, to: "answer.554@x.org") == .permanent(failure(554, "554 5.6.0 answered as asked")))
        #expect(
            await Self.send(client, to: "answer.452@x.org") == .temporary(failure(452, "452 5.6.0 answered as asked")))
        #expect(await Self.send(client, to: "greylist.1@x.org").isTemporary)
        #expect(await Self.send(client, to: "greylist.1@x.org").isAccepted)
        #expect(try server.mails.map(\.envelopeTo) == ["greylist.1@x.org"])
    }

    @Test func hangingUpBeforeTheDotIsTemporary() async throws {
        let server = try await MailServer()
        let client = try Self.client(server)
        #expect(await Self.send(client, to: "drop.rcpt@x.org").isTemporary)
        #expect(await Self.send(client, to: "ada@x.org").isAccepted)
    }

    @Test func hangingUpAfterTheDotIsUncertain() async throws {
        let server = try await MailServer()
        let client = try Self.client(server)
        #expect(await Self.send(client, to: "drop.data@x.org").isUncertain)
        #expect(try server.mails.count == 1)
        #expect(await Self.send(client, to: "ada@x.org").isAccepted)
    }

    @Test func aStallEndsAtTheDeadline() async throws {
        let server = try await MailServer()
        var configuration = try SMTPConfiguration(url: "smtp://127.0.0.1:\(server.port)")
        configuration.deadline = .seconds(1)
        let client = SMTPClient(configuration, logger: Logger(label: "test"))
        #expect(await Self.send(client, to: "stall.rcpt@x.org").isTemporary)
        // Long enough to come as far as the dot on any machine.
        configuration.deadline = .seconds(8)
        let patient = SMTPClient(configuration, logger: Logger(label: "test"))
        #expect(await Self.send(patient, to: "stall.data@x.org").isUncertain)
    }

    @Test func anAnswerThatComesTooLateIsNotTakenForThatOfTheNextMail() async throws {
        let server = try await MailServer()
        var configuration = try SMTPConfiguration(url: "smtp://127.0.0.1:\(server.port)")
        configuration.deadline = .seconds(8)
        let client = SMTPClient(configuration, logger: Logger(label: "test"))
        #expect(await Self.send(client, to: "late.12@x.org").isUncertain)
        #expect(await Self.send(client, to: "ada@x.org") == .accepted(reply: "250 2.0.0 queued"))
        let mails = try server.mails
        #expect(mails.map(\.envelopeTo) == ["late.12@x.org", "ada@x.org"])
        #expect(Set(mails.map(\.connection)).count == 2)
    }

    @Test func aServerThatIsAwayIsTemporary() async throws {
        let server = try await MailServer()
        let client = try Self.client(server)
        #expect(await Self.send(client, to: "ada@x.org").isAccepted)
        try await server.kill()
        #expect(await Self.send(client, to: "ada@x.org").isTemporary)
        try await server.launch()
        #expect(await Self.send(client, to: "ada@x.org").isAccepted)
    }

    @Test func aConnectionThatDiedIdleCostsNoAttempt() async throws {
        let server = try await MailServer()
        let client = try Self.client(server)
        #expect(await Self.send(client, to: "ada@x.org").isAccepted)
        try await server.kill()
        try await server.launch()
        #expect(await Self.send(client, to: "ada@x.org").isAccepted)
    }

    @Test func killedWhileItOwesTheAnswerIsUncertain() async throws {
        let server = try await MailServer()
        let client = try Self.client(server)
        async let outcome = Self.send(client, to: "stall.data@x.org")
        try await eventually("the server has the mail") { try server.mails.count == 1 }
        try await server.kill()
        #expect(await outcome.isUncertain)
    }

    @Test func withheldMailIsNeverTaken() async throws {
        let server = try await MailServer()
        let client = try Self.client(server)
        let asked = Mutex(0)
        let outcome = await client.send(Self.message(), from: Self.from, to: MailAddress("ada@x.org")!) {
            asked.withLock { $0 += 1 }
            return false
        }
        #expect(outcome.isTemporary)
        #expect(asked.withLock { $0 } == 1)
        #expect(await Self.send(client, to: "bob@x.org").isAccepted)
        #expect(try server.mails.map(\.envelopeTo) == ["bob@x.org"])
    }

    @Test func consentIsNotAskedForARefusedMail() async throws {
        let server = try await MailServer()
        let client = try Self.client(server)
        let outcome = await client.send(Self.message(), from: Self.from, to: MailAddress("refuse.550@x.org")!) {
            Issue.record("asked for consent")
            return true
        }
        #expect(outcome.isPermanent)
    }

    @Test func cancellingStopsAMailThatIsNotHandedOver() async throws {
        let server = try await MailServer()
        let client = try Self.client(server)
        let task = Task { await Self.send(client, to: "stall.rcpt@x.org") }
        task.cancel()
        #expect(await task.value.isTemporary)
    }

    @Test func concurrentCallersTakeTurns() async throws {
        let server = try await MailServer()
        let client = try Self.client(server)
        await withTaskGroup(of: SMTPOutcome.self) { group in
            for number in 1...8 { group.addTask { await Self.send(client, to: "a\(number)@x.org") } }
            for await outcome in group { #expect(outcome.isAccepted) }
        }
        #expect(try server.mails.count == 8)
    }

    @Test func startTLSAndSignIn() async throws {
        let server = try await MailServer(security: .offered, user: "us@er", password: "p:w")
        let trusted = "?tls=required&ca=\(server.authorities)"
        #expect(await Self.send(try Self.client(server, trusted, user: "us%40er:p%3Aw@"), to: "a@x.org").isAccepted)
        #expect(await Self.send(try Self.client(server, user: "us%40er:p%3Aw@"), to: "b@x.org").isAccepted)
        #expect(
            await Self.send(try Self.client(server, "?tls=required", user: "us%40er:p%3Aw@"), to: "c@x.org").isTemporary
        )
        #expect(await Self.send(try Self.client(server, trusted, user: "us%40er:wrong@"), to: "d@x.org").isTemporary)
        let mails = try server.mails
        #expect(mails.map(\.envelopeTo) == ["a@x.org", "b@x.org"])
        #expect(mails.allSatisfy { $0.isEncrypted && $0.user == "us@er" })
    }

    @Test func requiredTLSIsNotWaived() async throws {
        let server = try await MailServer()
        #expect(await Self.send(try Self.client(server, "?tls=required"), to: "a@x.org").isTemporary)
        #expect(try server.mails.isEmpty)
    }

    @Test func implicitTLS() async throws {
        let server = try await MailServer(security: .implicit)
        let client = try Self.client(server, "?ca=\(server.authorities)", scheme: "smtps")
        #expect(await Self.send(client, to: "a@x.org").isAccepted)
        #expect(await Self.send(try Self.client(server, scheme: "smtps"), to: "b@x.org").isTemporary)
        #expect(try server.mails.map(\.isEncrypted) == [true])
    }
}

extension SMTPOutcome {
    var isAccepted: Bool { if case .accepted = self { true } else { false } }
    var isTemporary: Bool { if case .temporary = self { true } else { false } }
    var isPermanent: Bool { if case .permanent = self { true } else { false } }
    var isUncertain: Bool { if case .uncertain = self { true } else { false } }
}
