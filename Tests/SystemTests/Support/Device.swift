import ParlorClient
import TestSupport

/// A person's own stream, open on one device.
struct Device {
    var socket: ParlorSocket
    var inbox: FrameInbox

    static func open(_ stack: Stack, _ person: Person) async throws -> Device {
        let inbox = FrameInbox { Documented.check($0, on: .status) }
        var options = ParlorSocket.Options()
        options.inbox = inbox
        let socket = try await ParlorSocket.connect(
            stack.gateway, "/ws/status", token: .header(person.account.token), options: options)
        try await inbox.first("ready") { $0.type == "ready" }
        return Device(socket: socket, inbox: inbox)
    }

    /// Waits until all that was sent before has come.
    func settle() async throws {
        try await socket.send(["type": "ping", "id": "settled"])
        try await inbox.first("pong") { $0.type == "pong" }
    }
}
