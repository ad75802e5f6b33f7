import Configuration
public import Foundation

/// A service's environment, read once at start.
///
/// Every read notes what is missing or malformed and goes on with a stand-in, so that ``finish()`` can report all
/// faults in one line. `X_FILE` names a file that holds the value of `X` (for secrets); an empty value counts as unset.
public final class Settings {
    private let reader: ConfigReader
    private var faults: [String] = []

    public init(environment: [String: String] = ProcessInfo.processInfo.environment) {
        reader = ConfigReader(provider: EnvironmentVariablesProvider(environmentVariables: environment))
    }

    /// The value as text, or `nil` where it is not set.
    public func optional(_ key: String) -> String? {
        if let value = reader.string(forKey: ConfigKey([key])), !value.isEmpty { return value }
        guard let path = reader.string(forKey: ConfigKey([key + "_FILE"])), !path.isEmpty else { return nil }
        do {
            let text = try String(contentsOfFile: path, encoding: .utf8)
            let value = text.trimmingCharacters(in: .whitespacesAndNewlines)
            return value.isEmpty ? nil : value
        } catch {
            fault("\(key)_FILE cannot be read")
            return nil
        }
    }

    public func string(_ key: String, default standard: String) -> String { optional(key) ?? standard }

    public func require(_ key: String) -> String {
        if let value = optional(key) { return value }
        fault("\(key) is missing")
        return ""
    }

    /// Faults that another rule than a single value's form finds.
    public func fault(_ description: String) {
        if !faults.contains(description) { faults.append(description) }
    }

    public func int(_ key: String, default standard: Int, in range: ClosedRange<Int> = 0...Int.max) -> Int {
        parse(key, default: standard, "a whole number from \(range.lowerBound) to \(range.upperBound)") { text in
            Int(text).flatMap { range.contains($0) ? $0 : nil }
        }
    }

    public func double(_ key: String, default standard: Double, in range: ClosedRange<Double>) -> Double {
        parse(key, default: standard, "a number from \(range.lowerBound) to \(range.upperBound)") { text in
            Double(text).flatMap { range.contains($0) ? $0 : nil }
        }
    }

    public func bool(_ key: String, default standard: Bool) -> Bool {
        parse(key, default: standard, "true or false") { text in
            switch text.lowercased() {
            case "true", "1", "yes", "on": true
            case "false", "0", "no", "off": false
            default: nil
            }
        }
    }

    /// A number in the unit that the key's name ends in.
    public func duration(
        _ key: String, default standard: Duration, unit: Duration, in range: ClosedRange<Double> = 0...1e9
    ) -> Duration {
        guard optional(key) != nil else { return standard }
        return unit * double(key, default: 0, in: range)
    }

    /// A list separated by commas; spaces around its elements do not count.
    public func list(_ key: String, default standard: [String] = []) -> [String] {
        guard let text = optional(key) else { return standard }
        return text.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
    }

    public func choice<T: RawRepresentable & CaseIterable>(_ key: String, default standard: T) -> T
    where T.RawValue == String {
        let names = T.allCases.map(\.rawValue).joined(separator: ", ")
        return parse(key, default: standard, "one of \(names)") { T(rawValue: $0) }
    }

    /// An absolute URL with one of the schemes.
    public func url(_ key: String, default standard: String? = nil, schemes: Set<String>) -> String {
        guard let text = optional(key) ?? standard else {
            fault("\(key) is missing")
            return ""
        }
        guard let colon = text.range(of: "://"), schemes.contains(text[..<colon.lowerBound].lowercased()),
            colon.upperBound < text.endIndex
        else {
            fault(
                "\(key) must be a URL beginning with \(schemes.sorted().map { "\($0)://" }.joined(separator: " or "))")
            return text
        }
        if !Self.hasGoodPorts(text[colon.upperBound...]) { fault("\(key) has a port that is none") }
        return text
    }

    /// Of the part after `scheme://`, where several hosts may stand.
    private static func hasGoodPorts(_ rest: Substring) -> Bool {
        let authority = rest.prefix { !"/?#".contains($0) }
        let hosts = authority.lastIndex(of: "@").map { authority[authority.index(after: $0)...] } ?? authority
        return hosts.split(separator: ",").allSatisfy { host in
            // A colon inside brackets belongs to an IPv6 address.
            guard let colon = host.lastIndex(of: ":"), !host[colon...].contains("]") else { return true }
            return Int(host[host.index(after: colon)...]).map { (1...65_535).contains($0) } ?? false
        }
    }

    /// Reads a value of another form; `description` completes the sentence "KEY must be …".
    public func parse<T>(_ key: String, default standard: T, _ description: String, _ read: (String) -> T?) -> T {
        guard let text = optional(key) else { return standard }
        guard let value = read(text) else {
            fault("\(key) must be \(description)")
            return standard
        }
        return value
    }

    /// Throws ``SettingsError`` with every fault found so far; values are never part of it.
    public func finish() throws {
        guard faults.isEmpty else { throw SettingsError(faults: faults) }
    }
}

/// All that is wrong with the environment.
public struct SettingsError: Error, CustomStringConvertible, Equatable {
    public let faults: [String]
    public var description: String { "configuration: " + faults.joined(separator: "; ") }
}
