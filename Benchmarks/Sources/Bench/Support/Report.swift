import Foundation

/// Prints the table line by line, at once, also into a pipe: a benchmark that hangs should not hide what was measured
/// before it.
struct Report: Sendable {
    /// The benchmark that speaks.
    var name: String

    func row(_ comparison: Comparison) {
        var named = comparison
        named.name = "\(name): \(comparison.name)"
        Self.print(named.line)
    }

    /// What a reader of the numbers above has to know.
    func note(_ text: String) { Self.print("    \(text)") }

    static func print(_ line: String) {
        FileHandle.standardOutput.write(Data((line + "\n").utf8))
    }
}
