import ServiceSupport
import Testing

@Suite struct RequestScopeTests {
    private static let good = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

    @Test func tracesAreTakenOverAsTheStandardSays() {
        #expect(RequestScope.isAcceptable(traceparent: Self.good))
        #expect(RequestScope.isAcceptable(traceparent: "cc" + Self.good.dropFirst(2) + "-what-comes-later"))
    }

    @Test(arguments: [
        "", "x", good + "-more", good.uppercased(), "ff" + good.dropFirst(2), String(good.dropLast()),
        "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
        good.replacing("4b", with: "zz"), "cc" + good.dropFirst(2) + "-" + String(repeating: "x", count: 300),
    ])
    func othersAreNone(_ text: String) { #expect(!RequestScope.isAcceptable(traceparent: text)) }
}
