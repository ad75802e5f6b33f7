internal import Foundation
private import Synchronization

/// Short-lived commands that tests need, run without blocking the cooperative pool.
enum ChildProcess {
    struct Failed: Error, CustomStringConvertible { let description: String }

    /// Runs a command to its end. Its errors go to the test's own.
    static func output(of executable: String, _ arguments: [String]) async throws -> Data {
        try await onThread {
            let process = Process()
            process.executableURL = URL(filePath: executable)
            process.arguments = arguments
            let output = Pipe()
            process.standardOutput = output
            process.standardError = FileHandle.nullDevice
            try process.run()
            let data = try output.fileHandleForReading.readToEnd() ?? Data()
            process.waitUntilExit()
            guard process.terminationStatus == 0 else {
                throw Failed(
                    description: "\(executable) \(arguments.first ?? "") ended with \(process.terminationStatus)")
            }
            return data
        }
    }

    /// Waits for a line from a command that keeps running; `nil` when it ends without one.
    static func firstLine(of handle: FileHandle) async throws -> String? {
        try await onThread {
            var line: [UInt8] = []
            while let byte = try handle.read(upToCount: 1)?.first {
                if byte == UInt8(ascii: "\n") { return String(decoding: line, as: UTF8.self) }
                line.append(byte)
            }
            return nil
        }
    }

    private static func onThread<T: Sendable>(_ work: @escaping @Sendable () throws -> T) async throws -> T {
        try await withCheckedThrowingContinuation { continuation in
            Thread { continuation.resume(with: Result { try work() }) }.start()
        }
    }
}

/// A Python that has aiosmtpd: the system's if it does, else a virtual environment made once in the build folder.
actor PythonWithMail {
    private static let shared = PythonWithMail()
    private var preparation: Task<String, any Error>?

    static func interpreter() async throws -> String { try await shared.prepared() }

    private func prepared() async throws -> String {
        if let preparation { return try await preparation.value }
        let preparation = Task { try await Self.prepare() }
        self.preparation = preparation
        return try await preparation.value
    }

    private static func prepare() async throws -> String {
        let environment = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../.build/mail-server").standardizedFileURL.path
        let own = environment + "/bin/python3"
        for candidate in ["/usr/bin/python3", own] where FileManager.default.isExecutableFile(atPath: candidate) {
            if (try? await ChildProcess.output(of: candidate, ["-c", "import aiosmtpd"])) != nil { return candidate }
        }
        // flock: several test processes may want it at once.
        let make = "test -x \(own) || python3 -m venv \(environment); \(own) -m pip -q install aiosmtpd"
        _ = try await ChildProcess.output(of: "/usr/bin/flock", ["/tmp/parlor-mail-server.lock", "sh", "-c", make])
        return own
    }
}
