import Foundation
import ParlorClient

/// What a JSON value must look like.
indirect enum Shape: Sendable {
    case string, integer, bool, time, uuid, code, any
    case oneOf([String])
    case nullable(Shape)
    case list(Shape)
    /// All fields must be there, and no others but the optional ones.
    case object([String: Shape], optional: [String: Shape] = [:])

    /// What is wrong, each with its path; empty where nothing is.
    func faults(in value: JSONValue, at path: String = "$") -> [String] {
        switch self {
        case .any: return []
        case .string: return value.string == nil ? ["\(path) is \(value), expected a string"] : []
        case .integer: return value.int == nil ? ["\(path) is \(value), expected an integer"] : []
        case .bool: return value.bool == nil ? ["\(path) is \(value), expected true or false"] : []
        case .time:
            let isTime = value.string?.wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/) != nil
            return isTime ? [] : ["\(path) is \(value), expected a time in UTC with milliseconds"]
        case .uuid:
            let isUUID = value.string.map { UUID(uuidString: $0) != nil && $0 == $0.lowercased() } ?? false
            return isUUID ? [] : ["\(path) is \(value), expected a UUID in lower case"]
        case .code:
            let isCode = value.string?.wholeMatch(of: /[a-z]{3}-[a-z]{4}-[a-z]{3}/) != nil
            return isCode ? [] : ["\(path) is \(value), expected a room code"]
        case .oneOf(let words):
            return words.contains(value.string ?? "") ? [] : ["\(path) is \(value), expected one of \(words)"]
        case .nullable(let shape): return value.isNull ? [] : shape.faults(in: value, at: path)
        case .list(let shape):
            guard let items = value.array else { return ["\(path) is \(value), expected a list"] }
            return items.enumerated().flatMap { shape.faults(in: $1, at: "\(path)[\($0)]") }
        case .object(let fields, let optional): return faults(in: value, at: path, fields, optional)
        }
    }

    private func faults(
        in value: JSONValue, at path: String, _ fields: [String: Shape], _ optional: [String: Shape]
    ) -> [String] {
        guard let object = value.object else { return ["\(path) is \(value), expected an object"] }
        var faults: [String] = []
        for (name, shape) in fields {
            guard let field = object[name] else {
                faults.append("\(path).\(name) is missing")
                continue
            }
            faults += shape.faults(in: field, at: "\(path).\(name)")
        }
        for (name, field) in object where fields[name] == nil {
            if let shape = optional[name] {
                faults += shape.faults(in: field, at: "\(path).\(name)")
            } else {
                faults.append("\(path).\(name) is unknown to the contract")
            }
        }
        return faults.sorted()
    }
}
