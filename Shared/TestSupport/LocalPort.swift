import Glibc
import Synchronization

/// Ports of this machine.
public enum LocalPort {
    public struct NoneFree: Error {}

    /// Below the ports that the kernel hands out by itself: there a server that is killed and started again finds its
    /// place taken now and then, as the near end of somebody's connection.
    private static let range = 20_000..<28_000
    private static let given = Mutex<Set<Int>>([])

    /// A port nobody listens on right now. No test of this process gets it again.
    public static func free() throws -> Int {
        for _ in 0..<1_000 {
            let port = Int.random(in: range)
            if given.withLock({ $0.insert(port).inserted }), try isFree(port) { return port }
        }
        throw NoneFree()
    }

    private static func isFree(_ port: Int) throws -> Bool {
        let socket = try makeSocket()
        defer { close(socket) }
        var address = loopback(port: port)
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }

    /// Whether somebody accepts connections on it.
    public static func accepts(_ port: Int) -> Bool {
        guard let socket = try? makeSocket() else { return false }
        defer { close(socket) }
        var address = loopback(port: port)
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }

    private static func makeSocket() throws -> Int32 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw NoneFree() }
        return descriptor
    }

    private static func loopback(port: Int) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr = in_addr(s_addr: UInt32(0x7F00_0001).bigEndian)
        return address
    }
}
