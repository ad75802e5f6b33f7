private import Foundation
internal import IOReactor

/// A folder that takes mails as `.eml` files, for machines without a mail server.
///
/// Its files are for its owner alone, for what they invite to they let in. A file appears whole or not at all, also when the machine dies, and its name comes from the Message-ID: writing the
/// same mail again replaces it. Files are written on a thread of the folder's own, as syncing them takes its time.
public actor MailFolder {
    private let path: String
    private let lane = Reactor(name: "mail-folder")

    public nonisolated var unownedExecutor: UnownedSerialExecutor { lane.asUnownedSerialExecutor() }

    public init(path: String) { self.path = path }

    /// Writes one mail and returns the file's name.
    public func write(_ message: MIMEMessage) throws -> String {
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        let name = "\(message.safeMessageID.prefix { $0 != "@" }).eml"
        // Two processes may write the same mail after a crash: each its own temporary file, hidden from readers.
        let temporary = "\(path)/.\(UUID().uuidString).tmp"
        do {
            let isMade = FileManager.default.createFile(
                atPath: temporary, contents: Data(message.encoded()), attributes: [.posixPermissions: 0o600])
            guard isMade else { throw CocoaError(.fileWriteUnknown) }
            let file = try FileHandle(forUpdating: URL(filePath: temporary))
            try file.synchronize()
            try file.close()
            guard rename(temporary, "\(path)/\(name)") == 0 else { throw CocoaError(.fileWriteUnknown) }
        } catch {
            unlink(temporary)
            throw error
        }
        // The name, too, is to outlive the machine.
        let folder = open(path, O_RDONLY | O_DIRECTORY)
        if folder >= 0 {
            fsync(folder)
            close(folder)
        }
        return name
    }
}
