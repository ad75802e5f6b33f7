import Foundation
import Testing

@testable import Redis

@Suite struct RedisValuesTests {
    @Test func `A command is spelled with lengths in bytes`() {
        let id = UUID(uuidString: "0B7E3F2A-0000-7000-8000-00000000000A")!
        let command = RedisCommand("set", "ключ", [0, 13, 10] as [UInt8], -5, 0.5, id, "")
        let expected =
            "*7\r\n$3\r\nset\r\n$8\r\nключ\r\n$3\r\n\0\r\n\r\n$2\r\n-5\r\n$3\r\n0.5\r\n"
            + "$36\r\n0b7e3f2a-0000-7000-8000-00000000000a\r\n$0\r\n\r\n"
        #expect(String(decoding: command.bytes, as: UTF8.self) == expected)
        #expect(command.name == "SET")
    }

    @Test func `A script is known by its SHA-1`() {
        #expect(RedisScript("return 1").sha1 == "e0e1f9fabfc9d4800c877a703b823ac0578ff8db")
    }

    @Test func `Values are read as what they spell`() {
        #expect(RedisValue.string(Array("12".utf8)).int == 12)
        #expect(RedisValue.status("OK").string == "OK")
        #expect(RedisValue.string(Array("1.5".utf8)).double == 1.5)
        #expect(RedisValue.array([.null]).array == [.null])
        #expect(RedisValue.error("ERR").string == nil)
    }

    @Test func `A whole URL is understood`() throws {
        let configuration = try RedisConfiguration(url: "redis://me:p%40ss%2F@cache.example:7000/3")
        #expect(configuration.host == "cache.example")
        #expect(configuration.port == 7000)
        #expect(configuration.username == "me")
        #expect(configuration.password == "p@ss/")
        #expect(configuration.database == 3)
        #expect("\(configuration)" == "redis://cache.example:7000/3")
    }

    @Test func `A short URL is understood`() throws {
        let configuration = try RedisConfiguration(url: "redis://:secret@[::1]")
        #expect(configuration.host == "::1")
        #expect(configuration.port == 6379)
        #expect(configuration.username == nil)
        #expect(configuration.password == "secret")
        #expect(configuration.database == 0)
    }

    @Test(arguments: ["", "redis://", "http://h", "redis://h/x", "redis://h/-1", "h:6379", "rediss://h"])
    func `A malformed URL is refused without showing it`(url: String) {
        let error = #expect(throws: RedisError.self) { try RedisConfiguration(url: url) }
        #expect(error?.kind == .configuration)
    }

    @Test func `Waiting to reconnect grows to a limit and starts again`() {
        var backoff = RedisBackoff()
        let waits = (0..<20).map { _ in backoff.next(random: 1) }
        #expect(waits.first == .milliseconds(20))
        #expect(waits[1] == .milliseconds(40))
        #expect(waits.last == .seconds(2))
        #expect(waits == waits.sorted())
        backoff.reset()
        #expect(backoff.next(random: 0.5) == .milliseconds(10))
    }
}
