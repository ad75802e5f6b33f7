import Testing

/// What is written about the system keeps up with it.
struct DocumentTests {
    /// Every variable that a service reads, and the file that reads it. Where a name is put together
    /// (`"\\(prefix)_BURST"`) it stands with a `*` for what varies.
    static func settingsRead() throws -> [String: String] {
        let read =
            /\.(?:optional|string|require|int|double|bool|duration|list|choice|url|parse)\(\s*"((?:[A-Z0-9_]|\\\([^"]*?\))+)"/
        var found: [String: String] = [:]
        for file in try Checkout.sources(in: "Shared", "Services") where file.module != "TestSupport" {
            for match in file.text.matches(of: read) {
                let name = String(match.output.1).replacing(/\\\(.*\)/, with: "*")
                // a helper that passes a whole name on
                if name.contains(where: \.isUppercase) { found[name] = file.path }
            }
        }
        return found
    }

    /// Whether a name of a setting is one that `pattern` stands for.
    static func matches(_ name: String, _ pattern: String) -> Bool {
        guard let star = pattern.firstIndex(of: "*") else { return name == pattern }
        let (head, tail) = (pattern[..<star], pattern[pattern.index(after: star)...])
        return name.count > head.count + tail.count && name.hasPrefix(head) && name.hasSuffix(tail)
    }

    /// Every variable that .env.example explains; those with their default are commented out.
    static func settingsExplained() throws -> Set<String> {
        let explained = /^(?:# ?)?([A-Z][A-Z0-9_]*)=/
        return Set(
            try Checkout.text(of: ".env.example").split(separator: "\n")
                .compactMap { $0.firstMatch(of: explained).map { String($0.output.1) } })
    }

    @Test func everySettingIsExplained() throws {
        let explained = try Self.settingsExplained()
        for (pattern, path) in try Self.settingsRead() {
            let isExplained = explained.contains { Self.matches($0, pattern) }
            #expect(isExplained, "\(path) reads \(pattern); explain it in .env.example")
        }
    }

    @Test func nothingIsExplainedThatNobodyReads() throws {
        let read = try Self.settingsRead().keys
        for key in try Self.settingsExplained() {
            let isRead = read.contains { Self.matches(key, $0) }
            #expect(isRead, ".env.example explains \(key), which no service reads")
        }
    }

    /// The words that clients may rely on, with their status; those of sockets alone have none.
    static let errorCodes: [String: Int?] = [
        "invalid_json": 400, "invalid_input": 400, "invalid_cursor": 400,
        "unauthenticated": 401, "token_expired": 401,
        "forbidden": 403, "account_banned": 403, "not_a_member": 403, "banned": 403, "muted": 403,
        "invitation_required": 403, "feature_forbidden": 403,
        "room_not_found": 404, "message_not_found": 404, "user_not_found": 404, "invitation_not_found": 404,
        "session_not_found": 404, "notification_not_found": 404, "not_found": 404, "feature_disabled": 404,
        "method_not_allowed": 405,
        "room_full": 409, "conflict": 409, "request_in_flight": 409,
        "room_ended": 410, "session_ended": 410, "invitation_expired": 410,
        "stale_version": 412, "too_large": 413, "unsupported_media_type": 415, "idempotency_mismatch": 422,
        "rate_limited": 429, "database_unavailable": 500, "internal": 500, "unavailable": 503,
        "bad_frame": nil, "unknown_recipient": nil,
    ]

    @Test(arguments: errorCodes.keys.sorted())
    func everyErrorCodeIsDocumented(_ code: String) throws {
        let status = Self.errorCodes[code]?.map { "\($0)" } ?? "socket"
        #expect(try Checkout.text(of: "docs/errors.md").contains("| `\(code)` | \(status) |"))
    }
}
