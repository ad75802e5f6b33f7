import ArgumentParser
import Foundation
import ParlorClient

/// Where the server is.
struct ServerOptions: ParsableArguments {
    @Option(help: "The server's address (else PARLOR_URL, GATEWAY_URL, then http://127.0.0.1:8080).")
    var url: String?

    var address: String {
        let environment = ProcessInfo.processInfo.environment
        return url ?? environment["PARLOR_URL"] ?? environment["GATEWAY_URL"] ?? "http://127.0.0.1:8080"
    }

    /// A server that is away is said to be so in a few seconds.
    var http: ParlorHTTP { ParlorHTTP(address, timeout: .seconds(5)) }

    func validate() throws {
        guard address.wholeMatch(of: /https?:\/\/[^\/].*/) != nil else {
            throw ValidationError("\(address) is no address of a server, like http://127.0.0.1:8080.")
        }
    }
}

/// Who is speaking.
struct CallerOptions: ParsableArguments {
    @Option(help: "A token (else PARLOR_TOKEN).")
    var token: String?

    @Option(help: "Sign in with a development token for this e-mail address instead.")
    var email: String?

    @Option(help: "The name to go with --email.")
    var name: String?

    /// - Throws: where nobody says who is speaking, or the server refuses.
    func account(at server: ServerOptions) async throws -> ParlorHTTP.Account {
        if let email {
            let name = name ?? email.split(separator: "@").first.map(String.init) ?? email
            return try await server.http.signIn(email: email, name: name)
        }
        guard let token = token ?? ProcessInfo.processInfo.environment["PARLOR_TOKEN"] else {
            throw ValidationError("Say who you are: --token, PARLOR_TOKEN, or --email with a development server.")
        }
        let me = try await server.http.with(token: token).get("/users/me")
        return ParlorHTTP.Account(
            userID: me["id"]?.string ?? "", token: token, email: me["email"]?.string ?? "",
            name: me["displayName"]?.string ?? "")
    }
}
