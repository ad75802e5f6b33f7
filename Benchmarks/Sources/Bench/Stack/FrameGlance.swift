/// What a benchmark wants to know of a frame, found without decoding it.
enum FrameGlance {
    /// Of the message that was sent with this number as its frame's `id`.
    case ack(Int)
    /// A message whose text begins with this number.
    case message(Int)
    case error(String)
    case other

    init(_ frame: UnsafeRawBufferPointer) {
        if frame.starts(with: Self.ack) {
            self = Self.number(frame, Self.ack.count).map { .ack($0) } ?? .other
        } else if frame.starts(with: Self.created) {
            self = Self.content(frame).flatMap { Self.number(frame, $0) }.map { .message($0) } ?? .other
        } else if frame.starts(with: Self.error) {
            self = .error(String(decoding: frame.prefix(300), as: UTF8.self))
        } else {
            self = .other
        }
    }

    private static let ack = Array(#"{"type":"ack","id":"#.utf8)
    private static let created = Array(#"{"type":"message_created""#.utf8)
    private static let error = Array(#"{"type":"error""#.utf8)
    private static let field = Array(#""content":""#.utf8)
    /// Ids and times stand before the text and take as many bytes at least.
    private static let bytesBeforeContent = 200

    /// Where the text begins.
    private static func content(_ frame: UnsafeRawBufferPointer) -> Int? {
        var position = bytesBeforeContent
        while position + field.count < frame.count {
            // The fourth byte, an n, is rarer in ids and times than the quote.
            if frame[position + 3] == UInt8(ascii: "n"), frame[position...].starts(with: field) {
                return position + field.count
            }
            position += 1
        }
        return nil
    }

    private static func number(_ frame: UnsafeRawBufferPointer, _ start: Int) -> Int? {
        var (position, value) = (start, 0)
        while position < frame.count, frame[position] >= 0x30, frame[position] <= 0x39 {
            value = value * 10 + Int(frame[position] - 0x30)
            position += 1
        }
        return position > start ? value : nil
    }
}
