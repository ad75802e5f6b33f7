/// One command, ready to send.
///
/// Commands share a connection with those of other callers, so what changes the connection itself
/// (`SELECT`, `SUBSCRIBE`, `MULTI` outside of one `pipeline`) or blocks it (`BLPOP`) has no place here.
public struct RedisCommand: Sendable {
    /// In upper case; for logs and errors.
    public let name: String
    let bytes: [UInt8]
    /// How to send it once more when the server has forgotten the script.
    let script: ScriptCall?

    struct ScriptCall: Sendable {
        var script: RedisScript
        var keys: [String]
        var arguments: [any RedisArgument]
    }

    public init(_ name: String, _ arguments: any RedisArgument...) {
        self.init(name, arguments: arguments)
    }

    public init(_ name: String, arguments: [any RedisArgument]) {
        self.init(name, arguments: arguments, script: nil)
    }

    /// A script's call as part of a pipeline; it is reloaded where the server has forgotten it.
    public init(evaluating script: RedisScript, keys: [String], arguments: [any RedisArgument]) {
        let call = ScriptCall(script: script, keys: keys, arguments: arguments)
        self.init("EVALSHA", arguments: [script.sha1] + call.operands, script: call)
    }

    init(_ name: String, arguments: [any RedisArgument], script: ScriptCall?) {
        var writer = RedisCommandWriter(name: name, argumentCount: arguments.count)
        for argument in arguments { argument.write(to: &writer) }
        self.name = name.uppercased()
        self.bytes = writer.bytes
        self.script = script
    }

    /// The same call with the script's whole text, which also makes the server remember it.
    var reloading: RedisCommand? {
        script.map { RedisCommand("EVAL", arguments: [$0.script.source] + $0.operands, script: nil) }
    }

    /// Whether it would give the shared connection another meaning or hold it up.
    var isUnsupported: Bool { Self.unsupported.contains(name) }

    private static let unsupported: Set<String> = [
        "SUBSCRIBE", "PSUBSCRIBE", "SSUBSCRIBE", "UNSUBSCRIBE", "PUNSUBSCRIBE", "SUNSUBSCRIBE", "MONITOR", "SYNC",
        "PSYNC", "QUIT", "RESET", "HELLO", "SELECT", "WATCH", "BLPOP", "BRPOP", "BLMOVE", "BLMPOP", "BRPOPLPUSH",
        "BZPOPMIN", "BZPOPMAX", "BZMPOP", "WAIT",
    ]
}

extension RedisCommand.ScriptCall {
    fileprivate var operands: [any RedisArgument] { [keys.count] + keys + arguments }
}
