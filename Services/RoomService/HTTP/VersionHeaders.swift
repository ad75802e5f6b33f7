import HTTPSupport
import HTTPTypes
import Hummingbird

extension HTTPFields {
    /// `ETag` of a room: its version.
    static func version(_ version: Int64) -> HTTPFields { [.eTag: "\"\(version)\""] }
}

extension RoomStore.VersionCondition {
    /// What `If-Match` asks for. A tag that is no version of ours matches nothing.
    init(_ request: Request) {
        guard let header = request.headers[.ifMatch] else {
            self = .any
            return
        }
        let tags = header.split(separator: ",").map { TextRules.trim(String($0)) }
        guard !tags.contains("*") else {
            self = .any
            return
        }
        self = .oneOf(
            Set(
                tags.compactMap { tag in
                    let strong = tag.hasPrefix("W/") ? String(tag.dropFirst(2)) : tag
                    guard strong.count > 2, strong.hasPrefix("\""), strong.hasSuffix("\"") else { return Int64(strong) }
                    return Int64(strong.dropFirst().dropLast())
                }))
    }
}
