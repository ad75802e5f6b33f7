import Foundation
import Identifiers
import Testing

@testable import NotificationWorker

@Suite struct WebhookAddressTests {
    @Test(arguments: [
        "127.0.0.1", "127.9.9.9", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254",
        "0.0.0.0",
        "100.64.0.1", "198.18.0.1", "224.0.0.1", "255.255.255.255", "::1", "::", "fe80::1", "fc00::1", "fd12::1",
        "::ffff:10.0.0.1", "::ffff:127.0.0.1", "64:ff9b::a00:1", "2002:7f00:1::", "ff02::1", "2001:db8::1", "nonsense",
    ])
    func innerAddresses(address: String) {
        #expect(!WebhookAddress.isPublic(address))
    }

    @Test(arguments: ["93.184.216.34", "172.32.0.1", "8.8.8.8", "2606:2800:220:1::1", "::ffff:8.8.8.8"])
    func publicAddresses(address: String) {
        #expect(WebhookAddress.isPublic(address))
    }

    @Test func namesAreJudgedByWhatTheyResolveTo() async throws {
        let resolver = NameResolver()
        defer { resolver.close() }
        await #expect(throws: WebhookAddress.Refusal.privateAddress) {
            try await WebhookAddress.resolve("localhost", allowPrivate: false, by: resolver)
        }
        // Other spellings of 127.0.0.1.
        for host in ["2130706433", "0x7f.1", "127.1"] {
            await #expect(throws: WebhookAddress.Refusal.privateAddress) {
                try await WebhookAddress.resolve(host, allowPrivate: false, by: resolver)
            }
        }
        let allowed = try await WebhookAddress.resolve("localhost", allowPrivate: true, by: resolver)
        #expect(["127.0.0.1", "::1"].contains(allowed))
    }

    @Test func aLookUpThatGetsNoAnswerIsGivenUp() async throws {
        // As the system's resolver does while name servers are silent, only for as long as the test likes.
        let silence = DispatchSemaphore(value: 0)
        let resolver = NameResolver { _ in
            silence.wait()
            return ["8.8.8.8"]
        }
        let sender = try #require(
            WebhookSender(
                url: "https://hooks.example.org/hook", secret: "secret", allowPrivate: false,
                deadline: .milliseconds(50), resolver: resolver))
        let delivery = WebhookDelivery(
            id: UUID(), eventID: UUID(), body: "{}", attempts: 0, queuedAt: .now())
        // The second waits behind the first, and no longer.
        for _ in 1...2 {
            let refusal = await #expect(throws: WebhookSender.Refused.self) { try await sender.post(delivery) }
            #expect(refusal?.description == "the name was not resolved in time")
        }
        await sender.close()
        silence.signal()
    }

    @Test func theSignatureIsThatOfItsDescription() {
        // printf '%s' '1700000000.{"a":1}' | openssl dgst -sha256 -hmac secret
        let headers = WebhookSignature(secret: "secret").headers(
            body: Array(#"{"a":1}"#.utf8), at: .init(millisecondsSinceEpoch: 1_700_000_000_999))
        #expect(headers[0] == ("X-Parlor-Timestamp", "1700000000"))
        #expect(headers[1].0 == "X-Parlor-Signature")
        #expect(headers[1].1 == "sha256=49f24e537407743fa4a0242bb63b94b9a47ee99cbbe071ccd8a22550ae411686")
    }
}
