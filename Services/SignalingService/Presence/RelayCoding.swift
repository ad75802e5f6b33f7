import AMQP
import Events
import Foundation
import Identifiers

/// Messages between nodes as AMQP carries them: the kind as type, small things in headers, a frame's JSON as the body.
enum RelayCoding {
    private enum Header {
        static let node = "node", code = "room", connection = "connection", exceptConnection = "except_connection"
        static let exceptUser = "except_user", mediaChanges = "media_changes", question = "question", run = "run",
            closeCode = "close_code"
    }

    static func encode(_ message: RelayMessage, code: RoomCode, from node: String) throws -> AMQPMessage {
        var headers: [String: AMQPFieldValue] = [Header.node: .string(node), Header.code: .string(code.description)]
        let type: String
        var body: [UInt8] = []
        switch message {
        case .presence(let changes):
            type = "presence"
            body = try WireJSON.encode(changes)
        case .frame(let frame, let exceptConnection, let exceptUser):
            type = "frame"
            body = frame.json
            headers[Header.exceptConnection] = exceptConnection.map { .string($0.description) }
            headers[Header.exceptUser] = exceptUser.map { .string($0.description) }
        case .media(let news):
            // A frame like others, for nodes that know no more of it.
            type = "frame"
            body = ServerFrame.media(userId: news.userId, news.connection, news.state).json
            headers[Header.exceptConnection] = .string(news.connection.description)
            headers[Header.mediaChanges] = .int(Int64(news.changes))
        case .signal(let frame, let connection):
            type = "signal"
            body = frame.json
            headers[Header.connection] = .string(connection.description)
        case .close(let connection, let code):
            type = "close"
            headers[Header.connection] = .string(connection.description)
            headers[Header.closeCode] = .int(Int64(code.rawValue))
        }
        return AMQPMessage(
            body: body,
            properties: AMQPProperties(
                contentType: "application/json", persistent: false, type: type, headers: headers))
    }

    static func encode(_ message: NodeMessage, from node: String) -> AMQPMessage {
        var headers: [String: AMQPFieldValue] = [Header.node: .string(node)]
        let type: String
        switch message {
        case .alive: type = "alive"
        case .hello: type = "hello"
        case .gone: type = "gone"
        case .askForSeats(let code, let question, let run):
            type = "ask_for_seats"
            headers[Header.code] = .string(code.description)
            headers[Header.question] = .string(question)
            headers[Header.run] = .string(run)
        case .toldSeats(let question):
            type = "told_seats"
            headers[Header.question] = .string(question)
        }
        return AMQPMessage(body: [], properties: AMQPProperties(persistent: false, type: type, headers: headers))
    }

    enum Decoded {
        case room(RoomCode, RelayMessage, from: String)
        case node(NodeMessage, from: String)
    }

    /// `nil` for a type of a newer version.
    static func decode(_ message: AMQPMessage) -> Decoded? {
        let headers = message.properties.headers
        func text(_ name: String) -> String? { headers[name]?.string }
        guard let node = text(Header.node), let type = message.properties.type else { return nil }
        let code = text(Header.code).flatMap { RoomCode($0) }
        switch type {
        case "alive": return .node(.alive, from: node)
        case "hello": return .node(.hello, from: node)
        case "gone": return .node(.gone, from: node)
        case "told_seats": return text(Header.question).map { .node(.toldSeats(question: $0), from: node) }
        default: break
        }
        guard let code else { return nil }
        let connection = text(Header.connection).flatMap { ConnectionID($0) }
        switch type {
        case "ask_for_seats":
            guard let question = text(Header.question), let run = text(Header.run) else { return nil }
            return .node(.askForSeats(code, question: question, run: run), from: node)
        case "presence":
            guard let changes = try? WireJSON.decode([SeatChange].self, from: message.body) else { return nil }
            return .room(code, .presence(changes), from: node)
        case "frame":
            if let changes = headers[Header.mediaChanges]?.int,
                let news = MediaNews(message.body, changes: Int(changes))
            {
                return .room(code, .media(news), from: node)
            }
            let frame = FrameWriter.frame(json: message.body, ephemeral: true)
            return .room(
                code,
                .frame(
                    frame, exceptConnection: text(Header.exceptConnection).flatMap { ConnectionID($0) },
                    exceptUser: text(Header.exceptUser).flatMap { UserID($0) }), from: node)
        case "signal":
            let frame = FrameWriter.frame(json: message.body, ephemeral: true)
            return connection.map { .room(code, .signal(frame, to: $0), from: node) }
        case "close":
            guard let connection, let raw = headers[Header.closeCode]?.int, let close = CloseCode(rawValue: UInt16(raw))
            else { return nil }
            return .room(code, .close(connection, close), from: node)
        default: return nil
        }
    }
}

extension MediaNews {
    /// From the frame that tells it.
    fileprivate init?(_ frame: [UInt8], changes: Int) {
        struct Body: Decodable {
            var userId: UserID
            var connectionId: ConnectionID
            var audio, video, screen: Bool
        }
        guard let body = try? WireJSON.decode(Body.self, from: frame) else { return nil }
        self.init(
            userId: body.userId, connection: body.connectionId,
            state: MediaState(audio: body.audio, video: body.video, screen: body.screen), changes: changes)
    }
}
