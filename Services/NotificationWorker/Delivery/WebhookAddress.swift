private import Foundation

/// Where a webhook may go. Names are resolved here, judged, and the connection is made to the very address that was
/// judged: a name cannot turn into an inner one in between.
enum WebhookAddress {
    enum Refusal: Error, Equatable {
        case unresolvable
        /// The system's resolver would go on asking for longer than anybody here waits.
        case slow
        case privateAddress
    }

    /// The address to connect to for `host`.
    static func resolve(
        _ host: String, allowPrivate: Bool, by resolver: NameResolver, within deadline: Duration = .seconds(5)
    ) async throws(Refusal) -> String {
        guard let addresses = await resolver.addresses(of: host, within: deadline) else { throw Refusal.slow }
        guard !addresses.isEmpty else { throw Refusal.unresolvable }
        guard let address = addresses.first(where: { allowPrivate || isPublic($0) }) else {
            throw Refusal.privateAddress
        }
        return address
    }

    /// Whether a numeric address belongs to the internet at large: not to this machine, its networks, or any range set
    /// apart for special use.
    static func isPublic(_ address: String) -> Bool {
        if let octets = octets(of: address, AF_INET, count: 4) { return isPublic(v4: octets) }
        guard let octets = octets(of: address, AF_INET6, count: 16) else { return false }
        // IPv4 in disguise: mapped (::ffff:0:0/96), translated (64:ff9b::/96), 6to4 (2002::/16).
        let isMapped = octets[..<10].allSatisfy { $0 == 0 } && octets[10] == 0xFF && octets[11] == 0xFF
        let isTranslated = octets.starts(with: [0, 0x64, 0xFF, 0x9B, 0, 0, 0, 0, 0, 0, 0, 0])
        if isMapped || isTranslated { return isPublic(v4: Array(octets[12...])) }
        if octets.starts(with: [0x20, 0x02]) { return isPublic(v4: Array(octets[2..<6])) }
        // Only 2000::/3 is given out; of that, documentation and Teredo are no places to go.
        return octets[0] & 0xE0 == 0x20 && !octets.starts(with: [0x20, 0x01, 0x0D, 0xB8])
            && !octets.starts(with: [0x20, 0x01, 0, 0])
    }

    private static func isPublic(v4 octets: [UInt8]) -> Bool {
        switch (octets[0], octets[1], octets[2]) {
        case (0, _, _), (10, _, _), (127, _, _), (224..., _, _): false
        case (100, 64...127, _), (169, 254, _), (172, 16...31, _), (192, 168, _), (198, 18...19, _): false
        case (192, 0, 0), (192, 0, 2), (198, 51, 100), (203, 0, 113), (192, 88, 99): false
        default: true
        }
    }

    private static func octets(of address: String, _ family: Int32, count: Int) -> [UInt8]? {
        var octets = [UInt8](repeating: 0, count: count)
        let plain = String(address.prefix { $0 != "%" })
        return inet_pton(family, plain, &octets) == 1 ? octets : nil
    }
}
