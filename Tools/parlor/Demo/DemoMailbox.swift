import Foundation

/// The folder into which the server drops its mails.
struct DemoMailbox: Sendable {
    struct Mail: Sendable {
        var file: String
        var subject: String
        /// From the link to accept with.
        var token: String?
    }

    let folder: String

    /// The newest mail to an address; nil while there is none.
    ///
    /// - Throws: where the folder cannot be read.
    func mail(to address: String) throws -> Mail? {
        for file in try FileManager.default.contentsOfDirectory(atPath: folder) where file.hasSuffix(".eml") {
            let path = URL(fileURLWithPath: folder).appendingPathComponent(file)
            guard let data = try? Data(contentsOf: path) else { continue }
            let text = String(decoding: data, as: UTF8.self).replacing("\r\n", with: "\n")
            guard header("To", in: text)?.lowercased().contains(address.lowercased()) == true else { continue }
            return Mail(file: file, subject: header("Subject", in: text) ?? "", token: token(in: text))
        }
        return nil
    }

    private func header(_ name: String, in text: String) -> String? {
        let head = text.prefix(upTo: text.range(of: "\n\n")?.lowerBound ?? text.endIndex)
        let lines = head.replacing("\n ", with: " ").replacing("\n\t", with: " ").split(separator: "\n")
        let line = lines.first { $0.lowercased().hasPrefix(name.lowercased() + ":") }
        return line.map { $0.dropFirst(name.count + 1).trimmingCharacters(in: .whitespaces) }
    }

    /// Looks at the text as it stands, unfolded from quoted-printable, and out of base64.
    private func token(in text: String) -> String? {
        let unfolded = text.replacing("=\n", with: "").replacing("=3D", with: "=")
        let decoded = text.split(separator: "\n\n").compactMap { block in
            Data(base64Encoded: block.filter { !$0.isWhitespace }).map { String(decoding: $0, as: UTF8.self) }
        }
        for candidate in [unfolded] + decoded {
            if let match = candidate.firstMatch(of: /#token=([A-Za-z0-9._~\-]+)/) { return String(match.1) }
        }
        return nil
    }
}
