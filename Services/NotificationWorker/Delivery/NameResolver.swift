private import Foundation
private import NIOCore
internal import NIOPosix

/// Asks the system for addresses on a thread of its own. The system's resolver cannot be called off: one that gets no
/// answer holds up this thread, which nobody else needs, and nobody waits for it beyond the deadline.
final class NameResolver: Sendable {
    private let thread = NIOThreadPool(numberOfThreads: 1)
    private let lookUp: @Sendable (String) -> [String]

    init(lookUp: @escaping @Sendable (String) -> [String] = NameResolver.ask) {
        self.lookUp = lookUp
    }

    /// Numeric addresses in the system's order of preference; `nil` where it did not say in time.
    func addresses(of host: String, within deadline: Duration) async -> [String]? {
        thread.start()
        let (answers, answer) = AsyncStream.makeStream(of: [String].self)
        thread.submit { [lookUp] state in
            if case .active = state { answer.yield(lookUp(host)) }
            answer.finish()
        }
        return await withTaskGroup(of: [String]?.self) { group in
            group.addTask {
                for await addresses in answers { return addresses }
                return nil
            }
            group.addTask {
                try? await Task.sleep(for: deadline)
                return nil
            }
            let first = await group.next()
            group.cancelAll()
            return first ?? nil
        }
    }

    /// Does not wait for what is under way.
    func close() { thread.shutdownGracefully { _ in } }

    private static func ask(_ host: String) -> [String] {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, nil, &hints, &list) == 0 else { return [] }
        defer { freeaddrinfo(list) }
        return sequence(first: list, next: { $0?.pointee.ai_next }).compactMap { entry in
            guard let entry else { return nil }
            var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
            let info = entry.pointee
            guard getnameinfo(info.ai_addr, info.ai_addrlen, &text, socklen_t(text.count), nil, 0, NI_NUMERICHOST) == 0
            else { return nil }
            return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }
    }
}
