import Foundation
import ServiceSupport
import Testing

@Suite struct SettingsTests {
    @Test func allFaultsAreReportedTogetherWithoutValues() {
        let settings = Settings(environment: ["PORT": "many", "FLAG": "perhaps", "URL": "ftp://secret@host"])
        _ = settings.int("PORT", default: 1, in: 1...10)
        _ = settings.bool("FLAG", default: false)
        _ = settings.url("URL", schemes: ["http"])
        _ = settings.require("TOKEN")
        do {
            try settings.finish()
            Issue.record("the faults were not reported")
        } catch {
            let text = "\(error)"
            for key in ["PORT", "FLAG", "URL", "TOKEN"] { #expect(text.contains(key)) }
            #expect(!text.contains("secret") && !text.contains("\n"))
        }
    }

    @Test func valuesAreRead() throws {
        let settings = Settings(environment: ["A": "7", "B": "true", "C": " x, ,y ", "D": "", "E": "2.5"])
        #expect(settings.int("A", default: 1) == 7)
        #expect(settings.bool("B", default: false))
        #expect(settings.list("C") == ["x", "y"])
        #expect(settings.string("D", default: "standard") == "standard")
        #expect(settings.duration("E", default: .zero, unit: .seconds(1)) == .milliseconds(2500))
        try settings.finish()
    }

    private static let stack = [
        "DATABASE_URL": "postgres://db/parlor", "REDIS_URL": "redis://cache", "INTERNAL_TOKEN": "0123456789abcdef",
    ]

    private func faults(_ environment: [String: String]) -> [String] {
        let settings = Settings(environment: Self.stack.merging(environment) { $1 })
        _ = CommonSettings(settings, defaultPort: 1)
        do { try settings.finish() } catch { return (error as? SettingsError)?.faults ?? ["\(error)"] }
        return []
    }

    @Test func brokersAreReachedWithAndWithoutTLS() {
        #expect(faults(["RABBITMQ_URL": "amqp://broker/parlor"]) == [])
        #expect(faults(["RABBITMQ_URL": "amqps://broker/parlor"]) == [])
        #expect(
            faults(["RABBITMQ_URL": "http://broker"]) == [
                "RABBITMQ_URL must be a URL beginning with amqp:// or amqps://"
            ])
    }

    @Test(arguments: [
        ("postgres://u:p@one,two:5433/db", true), ("postgres://u:p:1@[::1]:5432/db", true),
        ("postgres://[::1]/db", true),
        ("postgres:///db?host=/run", true), ("postgres://u:p@one:abc/db", false),
        ("postgres://one,two:70000/db", false),
        ("postgres://one:/db", false),
    ])
    func aPortThatIsNoneIsAFault(url: String, isGood: Bool) {
        #expect(
            faults(["DATABASE_URL": url, "RABBITMQ_URL": "amqp://broker"])
                == (isGood ? [] : ["DATABASE_URL has a port that is none"]))
    }

    @Test(arguments: [
        ("", true), ("*", true), ("https://a.example, http://localhost:3000/", true), ("tauri://localhost", true),
        ("a.example", false), ("https://a.example/path", false), ("https://a.example, nonsense", false),
    ])
    func originsAreWhatBrowsersSend(list: String, isGood: Bool) {
        #expect(faults(["CORS_ORIGINS": list, "RABBITMQ_URL": "amqp://broker"]).isEmpty == isGood)
    }

    @Test func noServiceTakesTokensForTheAskingInProduction() {
        let production = ["RABBITMQ_URL": "amqp://broker", "ENVIRONMENT": "production"]
        #expect(faults(production) == [])
        #expect(
            faults(production.merging(["DEV_AUTH": "true"]) { $1 })
                == ["DEV_AUTH must not be set when ENVIRONMENT=production"])
    }

    @Test(arguments: ["GATEWAY_SECRET", "TURN_SECRET", "WEBHOOK_SECRET", "INVITATION_SECRET", "INTERNAL_TOKEN"])
    func aShortSecretIsNoneInProduction(name: String) {
        let environment = ["RABBITMQ_URL": "amqp://broker", name: "short"]
        #expect(faults(environment) == [])
        #expect(
            faults(environment.merging(["ENVIRONMENT": "production"]) { $1 })
                == ["\(name) must have at least 16 characters in production"])
    }

    @Test func whatIsReadTwiceIsReportedOnce() {
        let settings = Settings(environment: ["FLAG": "perhaps"])
        for _ in 0..<2 { _ = settings.bool("FLAG", default: false) }
        let error = #expect(throws: SettingsError.self) { try settings.finish() }
        #expect(error?.faults == ["FLAG must be true or false"])
    }

    @Test func aSecretMayStandInAFile() throws {
        let path = NSTemporaryDirectory() + "/secret-\(UUID().uuidString)"
        try Data("hush\n".utf8).write(to: URL(fileURLWithPath: path))
        defer { try? FileManager.default.removeItem(atPath: path) }
        #expect(Settings(environment: ["TOKEN_FILE": path]).require("TOKEN") == "hush")
        // An empty file is no secret, as an empty variable is none.
        try Data("\n".utf8).write(to: URL(fileURLWithPath: path))
        for file in [path, path + "x"] {
            let missing = Settings(environment: ["TOKEN_FILE": file])
            _ = missing.require("TOKEN")
            #expect(throws: SettingsError.self) { try missing.finish() }
        }
    }
}
