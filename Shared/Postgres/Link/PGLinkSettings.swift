internal import CLibPQ

/// A configuration in libpq's words.
struct PGLinkSettings {
    let keywords: [(String, String)]

    /// - Throws: `PGError` of kind `.misuse` for an URL or a schema that can never work.
    init(_ configuration: PGConfiguration) throws {
        var options = try Self.options(inURL: configuration.url)
        func set(_ name: String, _ value: String) { options += " -c \(name)=\(value)" }
        set("statement_timeout", String(configuration.statementTimeout.milliseconds))
        set("idle_in_transaction_session_timeout", String(configuration.idleInTransactionTimeout.milliseconds))
        // Statements of a service take milliseconds; a planner that overrates one would compile it for a second.
        set("jit", "off")
        if let schema = configuration.schema {
            guard Self.isIdentifier(schema) else { throw PGError(.misuse, "“\(schema)” is no plain name of a schema") }
            set("search_path", schema + ",public")
        }
        var keywords = [
            ("dbname", configuration.url),
            ("application_name", configuration.applicationName),
            ("client_encoding", "UTF8"),
            ("connect_timeout", String(max(2, configuration.connectTimeout.components.seconds))),
            ("options", options),
            // A peer that vanished without a word is noticed within half a minute, also by a link that only listens.
            ("keepalives_idle", "10"), ("keepalives_interval", "5"), ("keepalives_count", "3"),
        ]
        if configuration.statementTimeout > .zero {
            let patience = configuration.statementTimeout + configuration.answerGrace
            keywords.append(("tcp_user_timeout", String(patience.milliseconds)))
        }
        self.keywords = keywords
    }

    /// Lends the settings as the null-terminated arrays that libpq takes.
    func withCArrays<T>(_ body: (_ keywords: [UnsafePointer<CChar>?], _ values: [UnsafePointer<CChar>?]) -> T) -> T {
        func lend(
            _ rest: ArraySlice<(String, String)>, _ names: [UnsafePointer<CChar>?], _ values: [UnsafePointer<CChar>?]
        ) -> T {
            guard let (name, value) = rest.first else { return body(names + [nil], values + [nil]) }
            return name.withCString { name in
                value.withCString { value in lend(rest.dropFirst(), names + [name], values + [value]) }
            }
        }
        return lend(keywords[...], [], [])
    }

    static func isIdentifier(_ name: String) -> Bool {
        guard let first = name.utf8.first, !(UInt8(ascii: "0")...UInt8(ascii: "9") ~= first) else { return false }
        return name.utf8.count < 64
            && name.utf8.allSatisfy { byte in
                byte == UInt8(ascii: "_") || UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte
                    || UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte
            }
    }

    /// The URL's own `options`, which ours would otherwise replace.
    private static func options(inURL url: String) throws -> String {
        var message: UnsafeMutablePointer<CChar>?
        guard let parsed = PQconninfoParse(url, &message) else {
            defer { PQfreemem(message) }
            let reason = message.map { String(cString: $0) } ?? "it cannot be parsed"
            throw PGError(.misuse, "the database URL is wrong: \(firstLine(reason))")
        }
        defer { PQconninfoFree(parsed) }
        var option = parsed
        while let keyword = option.pointee.keyword {
            if String(cString: keyword) == "options", let value = option.pointee.val { return String(cString: value) }
            option += 1
        }
        return ""
    }
}

extension PGConfiguration {
    /// Checks what can be checked without a server.
    ///
    /// - Throws: `PGError` of kind `.misuse` for an URL or a schema that can never work.
    public func validate() throws {
        _ = try PGLinkSettings(self)
    }
}

extension Duration {
    var milliseconds: Int64 { components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000 }
}

/// libpq's messages have several lines of advice for people at a terminal.
func firstLine(_ message: String) -> String {
    String(message.split(whereSeparator: \.isNewline).first ?? "").trimmingSpaces()
}

extension String {
    fileprivate func trimmingSpaces() -> String {
        String(drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }
}
