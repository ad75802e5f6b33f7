import Foundation

/// A file of ours, as far as the rules look at it.
struct SourceFile: Sendable, CustomTestStringConvertibleByPath {
    /// From the root of the checkout, `Shared/Postgres/PGPool.swift`.
    let path: String
    let text: String

    var lines: [Substring] { text.split(separator: "\n", omittingEmptySubsequences: false) }

    /// The lines without comments; what stands in quotes stays.
    var code: [(number: Int, text: Substring)] {
        lines.enumerated().compactMap { index, line in
            let trimmed = line.drop { $0 == " " }
            guard !trimmed.hasPrefix("//") else { return nil }
            return (index + 1, line.firstRange(of: " // ").map { line[..<$0.lowerBound] } ?? line)
        }
    }

    /// `Shared/Postgres/…` → `Postgres`, `Services/RoomService/…` → `RoomService`.
    var module: String { String(path.split(separator: "/")[1]) }

    /// The rooms below the module, `["Storage"]`; empty for what lies in the module's own folder.
    var rooms: [Substring] { Array(path.split(separator: "/").dropFirst(2).dropLast()) }

    var imports: [Import] {
        code.compactMap { line in
            guard let match = line.text.firstMatch(of: Import.pattern) else { return nil }
            return Import(module: String(match.output.3), isPublic: match.output.2 != nil)
        }
    }
}

struct Import: Sendable {
    let module: String
    /// `public`, `package` or `@_exported`: what it brings shows in the importing module's own interface.
    let isPublic: Bool

    nonisolated(unsafe) static let pattern =
        /^(@[\w_]+(?:\([^)]*\))? )*(public |package )?(?:internal |private |fileprivate )?import (?:struct |class |enum |protocol |func |typealias )?(\w+)/
}

/// Failures name the file instead of printing it.
protocol CustomTestStringConvertibleByPath: CustomStringConvertible {
    var path: String { get }
}

extension CustomTestStringConvertibleByPath {
    var description: String { path }
}
