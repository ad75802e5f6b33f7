import AsyncHTTPClient
import Foundation
import JWTKit
import NIOCore
import NIOFoundationCompat
import NIOHTTP1
public import Logging
import ServiceSupport

/// The issuer's public keys, from a file or a URL.
///
/// They are read again when a token names an unknown key (at most once a second) and when they are older than five
/// minutes, so that a rotation needs no restart and a withdrawn key ends. Where reading fails or takes long, the known
/// keys stay, and nobody who comes with one of them waits.
public actor PublishedKeys {
    public enum Source: Sendable {
        case file(String)
        case url(String)
    }

    /// How often the source is asked, and how long.
    public struct Pace: Sendable {
        public var maximumAge: Duration
        public var minimumInterval: Duration
        public var deadline: Duration

        public init(
            maximumAge: Duration = .seconds(300), minimumInterval: Duration = .seconds(1),
            deadline: Duration = .seconds(3)
        ) {
            self.maximumAge = maximumAge
            self.minimumInterval = minimumInterval
            self.deadline = deadline
        }
    }

    private let source: Source
    private let pace: Pace
    private let logger: Logger
    private var known: PublishedKeySet?
    private var lastAttempt: ContinuousClock.Instant?
    private var lastSuccess: ContinuousClock.Instant?
    private var hasFailed = false
    private var reading: Task<Void, Never>?

    public init(source: Source, pace: Pace = Pace(), logger: Logger) {
        self.source = source
        self.pace = pace
        self.logger = logger
    }

    /// The keys, among them `kid`, after having looked for it as far as allowed.
    ///
    /// - Throws: ``AuthError/keysUnavailable`` where nobody can say whether there is such a key.
    func keys(containing kid: String, for algorithm: String) async throws(AuthError) -> JWTKeyCollection {
        if known?.algorithms[kid] == nil {
            await read()?.value
        } else if lastSuccess.map({ .now - $0 > pace.maximumAge }) ?? true {
            _ = read()
        }
        guard let meant = known?.algorithms[kid] else {
            throw known == nil || hasFailed ? .keysUnavailable : .invalid("unknown key")
        }
        guard let known, meant == algorithm else { throw .invalid("the key is for \(meant)") }
        return known.keys
    }

    /// The reading that is under way, or a new one where it is time for one. Callers share it, whoever of them is
    /// cancelled.
    private func read() -> Task<Void, Never>? {
        if let reading { return reading }
        if let lastAttempt, .now - lastAttempt < pace.minimumInterval { return nil }
        lastAttempt = .now
        let task = Task {
            await self.readNow()
            self.reading = nil
        }
        reading = task
        return task
    }

    private func readNow() async {
        do {
            let (source, deadline) = (source, pace.deadline)
            // The deadline is for the whole answer, and not only for its head.
            let data = try await withDeadline(deadline) { try await Self.fetch(source) }
            known = try await PublishedKeySet(json: data)
            lastSuccess = .now
            hasFailed = false
        } catch {
            hasFailed = true
            logger.warning("the key set cannot be read", metadata: [LogKeys.error: "\(String(reflecting: error))"])
        }
    }

    private static func fetch(_ source: Source) async throws -> Data {
        switch source {
        case .file(let path): return try Data(contentsOf: URL(fileURLWithPath: path))
        case .url(let url):
            let response = try await HTTPClient.shared.execute(HTTPClientRequest(url: url), timeout: .seconds(60))
            guard response.status.code == 200 else { throw UnexpectedStatus(code: response.status.code) }
            return Data(buffer: try await response.body.collect(upTo: 1 << 20))
        }
    }

    private struct UnexpectedStatus: Error { var code: UInt }
}
