public import Foundation

/// A self-signed certificate, which is its own authority.
public struct TestCertificate: Sendable {
    /// PEM files.
    public let certificate: String
    public let key: String

    /// Makes one in `folder`, for the present user's eyes only.
    /// - Parameter names: of the server, and nothing else is.
    public init(in folder: URL, names: [String] = ["DNS:localhost", "IP:127.0.0.1"]) async throws {
        certificate = folder.appending(path: "certificate.pem").path
        key = folder.appending(path: "key.pem").path
        try await Command.output(
            of: "/usr/bin/openssl",
            [
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                "-subj", "/CN=localhost", "-addext", "subjectAltName=\(names.joined(separator: ","))",
                "-keyout", key, "-out", certificate,
            ])
    }

    /// Gives the files to another user, such as the one that a server runs as.
    public func belong(to user: String) throws {
        for file in [certificate, key] {
            try FileManager.default.setAttributes([.ownerAccountName: user], ofItemAtPath: file)
        }
    }
}
