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
        await #expect(throws: WebhookAddress.Refusal.privateAddress) {
            try await WebhookAddress.resolve("localhost", allowPrivate: false)
        }
        // Other spellings of 127.0.0.1.
        for host in ["2130706433", "0x7f.1", "127.1"] {
            await #expect(throws: WebhookAddress.Refusal.privateAddress) {
                try await WebhookAddress.resolve(host, allowPrivate: false)
            }
        }
        let allowed = try await WebhookAddress.resolve("localhost", allowPrivate: true)
        #expect(["127.0.0.1", "::1"].contains(allowed))
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
