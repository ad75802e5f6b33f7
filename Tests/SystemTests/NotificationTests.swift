import Foundation
import ParlorClient
import TestSupport
import Testing

extension SystemTests {
    /// From an invitation to a mail, a list and every open device, through all services.
    @Suite struct Notifications {
        @Test func `An invitation reaches every open device, the list, the mail, and its inviter's eyes`() async throws
        {
            let stack = try Stack.here
            let ada = try await stack.person("Ada"), ben = try await stack.person("Ben")
            let room = try await stack.room(of: ada)
            let devices = [try await Device.open(stack, ben), try await Device.open(stack, ben)]
            let others = try await Device.open(stack, ada)
            let made = try await ada.http.post("/rooms/\(room.code)/invite", ["email": .string(ben.account.email)])
            let id = try #require(made["invitationId"]?.string)
            #expect(made["delivery"] == "queued")

            for device in devices {
                let invitation = try await device.inbox.first("the invitation") {
                    $0.type == "invitation" && $0["invitation"]?["invitationId"]?.string == id
                }
                #expect(invitation["invitation"]?["roomId"]?.string == room.code)
                try await device.inbox.first("the notification") { $0.isNotification(of: id) }
            }
            // Who comes later is told then, and once.
            let late = try await Device.open(stack, ben)
            try await late.inbox.first("the notification") { $0.isNotification(of: id) }

            try await eventually("the inviter sees that it was sent") {
                let invitations = try await ada.http.get("/rooms/\(room.code)/invitations")["items"]?.array ?? []
                return invitations.first { $0["invitationId"]?.string == id }?["delivery"] == "sent"
            }
            let list = try await ben.http.get("/notifications?unread=true")
            #expect(list["unreadCount"] == 1)
            let item = try #require(list["items"]?.array?.first)
            #expect(item["status"] == "sent" && item["payload"]?["invitationId"]?.string == id)
            let fields = Set(item.object?.keys.map(\.self) ?? [])
            let named: Set = [
                "id", "userId", "email", "kind", "title", "payload", "status", "attempts", "lastError", "readAt",
                "createdAt",
            ]
            #expect(fields == named)
            let folder = URL(filePath: try stack.value("MAIL_DIR"))
            let mail = try String(contentsOf: folder.appending(path: "invitation-\(id).0.eml"), encoding: .utf8)
            #expect(mail.contains("To: \(ben.account.email)"))
            #expect(!others.inbox.frames.contains { $0.type == "notification" || $0.type == "invitation" })

            let number = try #require(item["id"]?.string)
            #expect(try await ada.http.exchange("POST", "/notifications/\(number)/read").status == 404)
            try await ben.http.post("/notifications/\(number)/read")
            #expect(try await ben.http.get("/notifications?unread=true")["unreadCount"] == 0)
            let calm = try await Device.open(stack, ben)
            try await calm.settle()
            #expect(!calm.inbox.frames.contains { $0.type == "notification" })
            for device in devices + [late, calm, others] { await device.socket.close() }
        }

        @Test func `What came while the worker was away is told afterwards, once`() async throws {
            let stack = try Stack.here
            let ada = try await stack.person("Ada"), ben = try await stack.person("Ben")
            let room = try await stack.room(of: ada)
            let device = try await Device.open(stack, ben)
            let killed = try stack.pid(of: .notification)
            try stack.kill(.notification)
            let made = try await ada.http.post("/rooms/\(room.code)/invite", ["email": .string(ben.account.email)])
            let id = try #require(made["invitationId"]?.string)
            try await stack.awaitRestart(of: .notification, after: killed)
            try await device.inbox.first("the notification") { $0.isNotification(of: id) }
            try await eventually("the inviter sees that it was sent") {
                let invitations = try await ada.http.get("/rooms/\(room.code)/invitations")["items"]?.array ?? []
                return invitations.first?["delivery"] == "sent"
            }
            try await device.settle()
            #expect(device.inbox.frames.count { $0.isNotification(of: id) } == 1)
            await device.socket.close()
        }
    }
}

extension ParlorFrame {
    fileprivate func isNotification(of invitation: String) -> Bool {
        type == "notification" && self["notification"]?["payload"]?["invitationId"]?.string == invitation
    }
}
