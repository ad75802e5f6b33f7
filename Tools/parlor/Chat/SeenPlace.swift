import Foundation

/// How far a room was shown to somebody, kept between runs.
struct SeenPlace: Sendable {
    private let file: URL

    init(address: String, room: String, userID: String, use: String = "chat") {
        let environment = ProcessInfo.processInfo.environment
        let home = FileManager.default.homeDirectoryForCurrentUser
        let state =
            environment["XDG_STATE_HOME"].map { URL(fileURLWithPath: $0) } ?? home.appending(path: ".local/state")
        let server = address.filter { $0.isLetter || $0.isNumber || $0 == "." || $0 == "-" }
        file = state.appending(path: "parlor/\(server)/\(userID)/\(room).\(use)")
    }

    func read() -> Int? {
        guard let data = try? Data(contentsOf: file) else { return nil }
        return Int(String(decoding: data, as: UTF8.self))
    }

    /// A place that cannot be kept costs no more than seeing some lines twice, or starting anew.
    func write(_ seq: Int) {
        try? FileManager.default.createDirectory(
            at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try? Data(String(seq).utf8).write(to: file, options: .atomic)
    }
}
