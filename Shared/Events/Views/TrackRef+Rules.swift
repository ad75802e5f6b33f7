extension TrackRef {
    /// What is wrong with it, by field: what is left can be shown by a client without fear.
    public var faults: [(field: String, message: String)] {
        var faults: [(field: String, message: String)] = []
        func check(_ field: String, _ text: String?, max: Int) {
            guard let text else { return }
            if text.unicodeScalars.allSatisfy(\.properties.isWhitespace) {
                faults.append(("trackRef.\(field)", "must not be blank"))
            } else if text.unicodeScalars.count > max {
                faults.append(("trackRef.\(field)", "must have at most \(max) characters"))
            } else if text.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) {
                faults.append(("trackRef.\(field)", "must not contain control characters"))
            }
        }
        func checkURL(_ field: String, _ text: String?) {
            check(field, text, max: 2000)
            // Any other scheme may run code in a page that shows it as a link.
            if let text, !text.hasPrefix("https://"), !text.hasPrefix("http://") {
                faults.append(("trackRef.\(field)", "must be an http or https URL"))
            }
        }
        check("provider", provider, max: 50)
        check("id", id, max: 200)
        check("title", title, max: 300)
        check("artist", artist, max: 300)
        checkURL("artworkUrl", artworkUrl)
        checkURL("url", url)
        if let durationMs, !(0...86_400_000).contains(durationMs) {
            faults.append(("trackRef.durationMs", "must be between 0 and 86400000"))
        }
        return faults
    }
}
