import Foundation
import ParlorClient

/// `docs/api/openapi.json`, executed: what is answered must be what it promises.
public struct OpenAPIDocument: Sendable {
    private let schema: JSONSchema
    private let paths: [(template: [Substring], operations: JSONValue)]

    /// - Throws: where the file is missing or unreadable.
    public static var shared: OpenAPIDocument { get throws { try loaded.get() } }

    private static let loaded = Result { try OpenAPIDocument() }

    private init() throws {
        schema = try JSONSchema(document: "openapi.json")
        // Paths without variables are matched first, as the standard says.
        paths = (schema.root["paths"]?.object ?? [:])
            .map { (template: $0.key.split(separator: "/"), operations: $0.value) }
            .sorted { Self.variables($0.template) < Self.variables($1.template) }
    }

    /// One request, and what was answered.
    public struct Exchange: Sendable {
        public var method: String
        /// With the query.
        public var path: String
        public var request: [UInt8]
        public var status: Int
        public var contentType: String?
        public var answer: [UInt8]

        /// - Parameters:
        ///   - request: the body that was sent; `nil` or empty for none.
        ///   - answer: the body that came back, empty where there was none.
        public init(
            _ method: String, _ path: String, request: [UInt8]?, status: Int, contentType: String?, answer: [UInt8]
        ) {
            self.method = method
            self.path = path
            self.request = request ?? []
            self.status = status
            self.contentType = contentType
            self.answer = answer
        }
    }

    /// What an exchange does that is not documented: the answer, and where it was a success the request too. Empty when all
    /// is well; paths that are not of this document pass.
    public func faults(in exchange: Exchange) -> [String] {
        let words = exchange.path.prefix { $0 != "?" }.split(separator: "/")
        guard let found = paths.first(where: { Self.matches($0.template, words) }) else { return [] }
        guard let operation = found.operations[exchange.method.lowercased()] else {
            let passes = exchange.status == 405 || ["OPTIONS", "HEAD"].contains(exchange.method)
            return passes ? [] : ["\(exchange.method) is not documented"]
        }
        var faults = answerFaults(operation, exchange)
        if (200..<300).contains(exchange.status) {
            faults += requestFaults(operation, exchange) + queryFaults(operation, exchange)
        }
        return faults
    }

    /// All operations, as `GET /rooms/{room}`, with the tags that they have.
    public var operations: [(name: String, tags: [String])] {
        var found: [(name: String, tags: [String])] = []
        for (template, operations) in paths {
            for (method, operation) in operations.object ?? [:] {
                found.append(
                    (
                        name: "\(method.uppercased()) /\(template.joined(separator: "/"))",
                        tags: (operation["tags"]?.array ?? []).compactMap(\.string)
                    ))
            }
        }
        return found
    }

    private func answerFaults(_ operation: JSONValue, _ exchange: Exchange) -> [String] {
        let (status, contentType, body) = (exchange.status, exchange.contentType, exchange.answer)
        guard let response = schema.resolve(operation["responses"]?["\(status)"]) else {
            return ["status \(status) is not documented"]
        }
        guard let content = response["content"]?.object else {
            return body.isEmpty ? [] : ["a body where none is documented"]
        }
        let media = contentType?.prefix { $0 != ";" }
        guard let type = content.first(where: { media.map(String.init) == $0.key }) else {
            return ["the content type \(contentType ?? "-") is not documented"]
        }
        guard let json = try? JSONValue(parsing: body) else { return ["the body is no JSON"] }
        return schema.faults(in: json, type.value["schema"])
    }

    /// A body that was taken must be one that is described; fields that nobody knows are ignored.
    private func requestFaults(_ operation: JSONValue, _ exchange: Exchange) -> [String] {
        guard let described = schema.resolve(operation["requestBody"]) else { return [] }
        guard !exchange.request.isEmpty else {
            return described["required"] == true ? ["the request has no body, and one is required"] : []
        }
        guard let json = try? JSONValue(parsing: exchange.request) else { return ["the request is no JSON"] }
        var open = schema
        open.isClosed = false
        return open.faults(in: json, described["content"]?["application/json"]?["schema"], at: "the request")
    }

    private func queryFaults(_ operation: JSONValue, _ exchange: Exchange) -> [String] {
        let parameters = (operation["parameters"]?.array ?? []).compactMap { schema.resolve($0) }
            .filter { $0["in"] == "query" }
        let items = URLComponents(string: exchange.path)?.queryItems ?? []
        return items.filter { !$0.name.isEmpty }.flatMap { item -> [String] in
            guard let parameter = parameters.first(where: { $0["name"]?.string == item.name }) else {
                return ["the parameter \(item.name) is not documented"]
            }
            let text = item.value ?? ""
            let type = schema.resolve(parameter["schema"])?["type"]?.string
            let value: JSONValue =
                switch type {
                case "integer": Int(text).map { JSONValue.integer($0) } ?? .string(text)
                case "boolean": Bool(text).map { JSONValue.bool($0) } ?? .string(text)
                default: .string(text)
                }
            return schema.faults(in: value, parameter["schema"], at: "the parameter \(item.name)")
        }
    }

    private static func variables(_ template: [Substring]) -> Int { template.count { $0.hasPrefix("{") } }

    private static func matches(_ template: [Substring], _ words: [Substring]) -> Bool {
        template.count == words.count && zip(template, words).allSatisfy { $0.hasPrefix("{") || $0 == $1 }
    }
}
