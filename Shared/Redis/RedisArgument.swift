public import FoundationEssentials

/// What may stand behind a command's name.
public protocol RedisArgument: Sendable {
    /// Appends the argument, once.
    func write(to command: inout RedisCommandWriter)
}

/// Spells a command as Redis reads it.
public struct RedisCommandWriter: Sendable {
    private(set) var bytes: [UInt8] = []

    init(name: String, argumentCount: Int) {
        bytes.reserveCapacity(64)
        header(UInt8(ascii: "*"), argumentCount + 1)
        append(name)
    }

    /// Appends one argument of any bytes.
    public mutating func append(_ argument: some Collection<UInt8>) {
        header(UInt8(ascii: "$"), argument.count)
        bytes.append(contentsOf: argument)
        endLine()
    }

    /// Appends one argument as UTF-8.
    public mutating func append(_ argument: some StringProtocol) {
        append(argument.utf8)
    }

    private mutating func header(_ mark: UInt8, _ count: Int) {
        bytes.append(mark)
        decimal(count)
        endLine()
    }

    private mutating func decimal(_ number: Int) {
        if number >= 10 { decimal(number / 10) }
        bytes.append(UInt8(ascii: "0") + UInt8(number % 10))
    }

    private mutating func endLine() {
        bytes.append(UInt8(ascii: "\r"))
        bytes.append(UInt8(ascii: "\n"))
    }
}

extension String: RedisArgument {
    public func write(to command: inout RedisCommandWriter) { command.append(self) }
}

extension Substring: RedisArgument {
    public func write(to command: inout RedisCommandWriter) { command.append(self) }
}

extension Int: RedisArgument {
    public func write(to command: inout RedisCommandWriter) { command.append(String(self)) }
}

extension Int64: RedisArgument {
    public func write(to command: inout RedisCommandWriter) { command.append(String(self)) }
}

extension Double: RedisArgument {
    public func write(to command: inout RedisCommandWriter) { command.append(description) }
}

extension Array: RedisArgument where Element == UInt8 {
    public func write(to command: inout RedisCommandWriter) { command.append(self) }
}

extension UUID: RedisArgument {
    /// In lower case, as ids are spelled everywhere else.
    public func write(to command: inout RedisCommandWriter) { command.append(uuidString.lowercased()) }
}
