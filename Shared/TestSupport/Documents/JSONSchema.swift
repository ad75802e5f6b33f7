import Foundation
import ParlorClient

/// The schemas of one of the documents in `docs/api`, executed. It knows the keywords that those use, and says so where it
/// meets another one: what is not checked must not look as if it was.
///
/// It is stricter than the standard in one thing: a field that no schema names is a fault, unless `isClosed` is false.
struct JSONSchema: Sendable {
    let root: JSONValue
    /// Whether a field that no schema names is a fault.
    var isClosed = true

    private static let annotations: Set<String> = ["description", "examples", "default", "title"]
    private static let known: Set<String> = [
        "type", "enum", "const", "format", "pattern", "minLength", "maxLength", "minimum", "maximum", "required",
        "properties", "additionalProperties", "items", "maxItems", "oneOf", "allOf", "$ref",
    ]

    /// - Parameter name: of a file in `docs/api`.
    init(document name: String) throws {
        let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../../docs/api/\(name)")
        root = try JSONValue(parsing: String(contentsOf: file.standardized, encoding: .utf8))
    }

    /// What `$ref` leads to, from anywhere.
    func resolve(_ value: JSONValue?) -> JSONValue? {
        guard let reference = value?["$ref"]?.string else { return value }
        let words = reference.split(separator: "/").dropFirst()
        return resolve(words.reduce(JSONValue?.some(root)) { $0?[String($1).replacing("~1", with: "/")] })
    }

    /// What is wrong with a value, each fault with its place.
    func faults(in value: JSONValue, _ schema: JSONValue?, at path: String = "$") -> [String] {
        guard let schema = resolve(schema)?.object else { return ["\(path) has no schema"] }
        var faults = parts(of: .object(schema)).flatMap { check(value, $0, at: path) }
        if isClosed, case .object(let fields) = value, let described = fieldsDescribed(by: .object(schema)) {
            let strangers = fields.keys.filter { !described.contains($0) }.sorted()
            if !strangers.isEmpty { faults.append("\(path) has undocumented fields: \(strangers)") }
        }
        return faults
    }

    /// A schema with all that `allOf` joins to it.
    private func parts(of schema: JSONValue) -> [[String: JSONValue]] {
        guard let object = resolve(schema)?.object else { return [] }
        return [object] + (object["allOf"]?.array ?? []).flatMap { parts(of: $0) }
    }

    /// All names that an object may have; nil where it may have any.
    private func fieldsDescribed(by schema: JSONValue) -> Set<String>? {
        var names: Set<String> = []
        for part in parts(of: schema) {
            // Where there are choices, the chosen one tells.
            if part["additionalProperties"] != nil || part["oneOf"] != nil { return nil }
            names.formUnion((part["properties"]?.object ?? [:]).keys)
        }
        return names.isEmpty ? nil : names
    }

    private func check(_ value: JSONValue, _ schema: [String: JSONValue], at path: String) -> [String] {
        var faults = schema.keys.filter { !Self.known.contains($0) && !Self.annotations.contains($0) }
            .map { "\(path): the keyword \($0) is not checked" }
        if let choices = schema["oneOf"]?.array {
            let outcomes = choices.map { self.faults(in: value, $0, at: path) }
            if !outcomes.contains(where: \.isEmpty) {
                faults.append("\(path) is none of what it may be: \(outcomes.min { $0.count < $1.count } ?? [])")
            }
        }
        let types = schema["type"].map { $0.string.map { [$0] } ?? $0.array?.compactMap(\.string) ?? [] }
        if let types, Set(types).isDisjoint(with: Self.kinds(value)) {
            faults.append("\(path) is \(value), not \(types)")
        }
        if let words = schema["enum"]?.array, !words.contains(value) { faults.append("\(path) is \(value)") }
        if let word = schema["const"], word != value { faults.append("\(path) is \(value), not \(word)") }
        switch value {
        case .string(let text): faults += check(text, schema, at: path)
        case .integer(let number): faults += check(number, schema, at: path)
        case .array(let items):
            if items.count > schema["maxItems"]?.int ?? .max { faults.append("\(path) has \(items.count) items") }
            guard let each = schema["items"] else { break }
            for (index, item) in items.enumerated() { faults += self.faults(in: item, each, at: "\(path)[\(index)]") }
        case .object(let fields): faults += check(fields, schema, at: path)
        case .null, .bool, .number: break
        }
        return faults
    }

    private func check(_ fields: [String: JSONValue], _ schema: [String: JSONValue], at path: String) -> [String] {
        let required = (schema["required"]?.array ?? []).compactMap(\.string)
        var faults = required.filter { fields[$0] == nil }.map { "\(path).\($0) is missing" }
        let properties = schema["properties"]?.object ?? [:]
        for (name, field) in fields {
            if let property = properties[name] ?? schema["additionalProperties"] {
                faults += self.faults(in: field, property, at: "\(path).\(name)")
            }
        }
        return faults
    }

    private func check(_ number: Int, _ schema: [String: JSONValue], at path: String) -> [String] {
        guard number >= schema["minimum"]?.int ?? .min, number <= schema["maximum"]?.int ?? .max else {
            return ["\(path) is \(number)"]
        }
        return []
    }

    private func check(_ text: String, _ schema: [String: JSONValue], at path: String) -> [String] {
        var faults: [String] = []
        let length = text.unicodeScalars.count
        if length < schema["minLength"]?.int ?? 0 || length > schema["maxLength"]?.int ?? .max {
            faults.append("\(path) has \(length) characters")
        }
        if let pattern = schema["pattern"]?.string, text.range(of: pattern, options: .regularExpression) == nil {
            faults.append("\(path) is \(text), which does not match \(pattern)")
        }
        let isFormed =
            switch schema["format"]?.string {
            case "uuid": text == text.lowercased() && UUID(uuidString: text) != nil
            case "date-time": text.wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/) != nil
            case nil, "email": true
            case let other?: other.isEmpty
            }
        if !isFormed { faults.append("\(path) is \(text), no \(schema["format"]?.string ?? "")") }
        return faults
    }

    private static func kinds(_ value: JSONValue) -> Set<String> {
        switch value {
        case .null: ["null"]
        case .bool: ["boolean"]
        case .integer: ["integer", "number"]
        case .number: ["number"]
        case .string: ["string"]
        case .array: ["array"]
        case .object: ["object"]
        }
    }
}
