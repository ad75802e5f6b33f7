import Foundation

/// A Python that has aiosmtpd: the system's if it does, else a virtual environment made once in the build folder.
enum PythonWithMail {
    static func interpreter() async throws -> String { try await found.value() }

    private static let found = Lazily {
        let environment = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../.build/mail-server").standardizedFileURL.path
        let own = environment + "/bin/python3"
        for candidate in ["/usr/bin/python3", own] where FileManager.default.isExecutableFile(atPath: candidate) {
            if try await Command.run(candidate, ["-c", "import aiosmtpd"]).status == 0 { return candidate }
        }
        // flock: several test processes may want it at once.
        let make = "test -x \(own) || python3 -m venv \(environment); \(own) -m pip -q install aiosmtpd"
        try await Command.output(of: "/usr/bin/flock", ["/tmp/parlor-mail-server.lock", "sh", "-c", make])
        return own
    }
}
