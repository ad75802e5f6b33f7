import Events

/// What a track reference must be, so that a client can show it without fear.
enum TrackRules {
    static func faults(in track: TrackRef) -> [FieldFault] {
        var faults: [FieldFault] = []
        func check(_ field: String, _ text: String?, max: Int) {
            guard let text else { return }
            if text.unicodeScalars.allSatisfy(\.properties.isWhitespace) {
                faults.append(FieldFault("trackRef.\(field)", "must not be blank"))
            } else if text.unicodeScalars.count > max {
                faults.append(FieldFault("trackRef.\(field)", "must have at most \(max) characters"))
            } else if text.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) {
                faults.append(FieldFault("trackRef.\(field)", "must not contain control characters"))
            }
        }
        func checkURL(_ field: String, _ text: String?) {
            check(field, text, max: 2000)
            // Any other scheme may run code in a page that shows it as a link.
            if let text, !text.hasPrefix("https://"), !text.hasPrefix("http://") {
                faults.append(FieldFault("trackRef.\(field)", "must be an http or https URL"))
            }
        }
        check("provider", track.provider, max: 50)
        check("id", track.id, max: 200)
        check("title", track.title, max: 300)
        check("artist", track.artist, max: 300)
        checkURL("artworkUrl", track.artworkUrl)
        checkURL("url", track.url)
        if let duration = track.durationMs, !(0...86_400_000).contains(duration) {
            faults.append(FieldFault("trackRef.durationMs", "must be between 0 and 86400000"))
        }
        return faults
    }
}
