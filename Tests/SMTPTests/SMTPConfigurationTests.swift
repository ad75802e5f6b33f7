import SMTP
import Testing

@Suite struct SMTPConfigurationTests {
    @Test func defaults() throws {
        #expect(try SMTPConfiguration(url: "smtp://mail.example").port == 25)
        #expect(try SMTPConfiguration(url: "smtp://u:p@mail.example").port == 587)
        #expect(try SMTPConfiguration(url: "smtps://mail.example").port == 465)
        #expect(try SMTPConfiguration(url: "smtp://mail.example").security == .offered)
        #expect(try SMTPConfiguration(url: "smtps://mail.example").security == .implicit)
    }

    @Test func everything() throws {
        let full = try SMTPConfiguration(url: "smtp://us%40er:p%3Aa%2Fss@[::1]:2525/me.example?tls=required&ca=/x.pem")
        #expect(full.user == "us@er")
        #expect(full.password == "p:a/ss")
        #expect(full.host == "::1")
        #expect(full.port == 2525)
        #expect(full.clientName == "me.example")
        #expect(full.security == .required)
        #expect(full.authorities == "/x.pem")
        #expect(full.endpoint == "::1:2525")
    }

    @Test(arguments: [
        "", "mail.example", "http://mail.example", "smtp://", "smtp://h:0", "smtp://h:70000", "smtp://h?tls=maybe",
        "smtps://h?tls=never", "smtp://h?x=1", "smtp://u%0D%0A@h", "smtp://h/a%0Ab", "smtp://h/a%20b",
    ])
    func refusals(url: String) {
        #expect(throws: SMTPConfiguration.Malformed.self) { try SMTPConfiguration(url: url) }
    }
}
