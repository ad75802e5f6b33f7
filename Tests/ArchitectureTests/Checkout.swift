import Foundation

/// The checkout that this test was compiled from, read as text.
enum Checkout {
    static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// Every Swift file of ours below the named folders, in a stable order.
    static func sources(in folders: String...) throws -> [SourceFile] {
        try folders.flatMap { try files(below: $0, withExtension: "swift") }.map { path in
            SourceFile(path: path, text: try text(of: path))
        }
    }

    static func text(of path: String) throws -> String {
        try String(contentsOf: root.appendingPathComponent(path), encoding: .utf8)
    }

    static func exists(_ path: String) -> Bool {
        FileManager.default.fileExists(atPath: root.appendingPathComponent(path).path)
    }

    private static func files(below folder: String, withExtension ending: String) throws -> [String] {
        let paths = FileManager.default.enumerator(atPath: root.appendingPathComponent(folder).path)
        return (paths?.compactMap { $0 as? String } ?? [])
            .filter { $0.hasSuffix("." + ending) && !$0.hasPrefix(".build") }
            .map { "\(folder)/\($0)" }
            .sorted()
    }
}
