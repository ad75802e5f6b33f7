/// Encodes AMQP 0-9-1 frames. Pure: the same bytes librabbitmq would write, but many frames in one buffer, so that a
/// message, or a whole batch, costs one write instead of three each.
struct FrameWriter {
    private(set) var bytes: [UInt8] = []

    init(reserving capacity: Int = 0) {
        bytes.reserveCapacity(capacity)
    }

    /// AMQP's largest short string, in bytes.
    static let shortStringLimit = 255
    private static let overhead = 8

    // MARK: - Content

    /// A `basic.publish` with its header and as many body frames as `frameMax` asks for.
    mutating func publish(_ outgoing: AMQPOutgoing, channel: UInt16, frameMax: Int) throws(AMQPError) {
        let message = outgoing.message
        try checkShort(outgoing.exchange, "exchange")
        try checkShort(outgoing.routingKey, "routing key")
        try message.properties.check()
        frame(1, channel) { writer in
            writer.method(60, 40)
            writer.u16(0)
            writer.shortString(outgoing.exchange)
            writer.shortString(outgoing.routingKey)
            writer.bytes.append(outgoing.mandatory ? 1 : 0)
        }
        frame(2, channel) { writer in
            writer.u16(60)
            writer.u16(0)
            writer.u64(UInt64(message.body.count))
            writer.properties(message.properties)
        }
        var rest = message.body[...]
        while !rest.isEmpty {
            let part = rest.prefix(frameMax - Self.overhead)
            rest = rest.dropFirst(part.count)
            frame(3, channel) { $0.bytes.append(contentsOf: part) }
        }
    }

    // MARK: - Methods

    mutating func ack(_ tag: UInt64, multiple: Bool, channel: UInt16) {
        frame(1, channel) { writer in
            writer.method(60, 80)
            writer.u64(tag)
            writer.bytes.append(multiple ? 1 : 0)
        }
    }

    mutating func nack(_ tag: UInt64, multiple: Bool, requeue: Bool, channel: UInt16) {
        frame(1, channel) { writer in
            writer.method(60, 120)
            writer.u64(tag)
            writer.bytes.append((multiple ? 1 : 0) | (requeue ? 2 : 0))
        }
    }

    /// - Parameter noWait: the broker answers nothing; a refusal still closes the channel.
    mutating func bind(_ binding: AMQPBinding, noWait: Bool, channel: UInt16) {
        frame(1, channel) { writer in
            writer.method(50, 20)
            writer.bindingFields(binding)
            writer.bytes.append(noWait ? 1 : 0)
            writer.u32(0)
        }
    }

    mutating func unbind(_ binding: AMQPBinding, channel: UInt16) {
        frame(1, channel) { writer in
            writer.method(50, 50)
            writer.bindingFields(binding)
            writer.u32(0)
        }
    }

    /// Ends deliveries without waiting for the broker's answer.
    mutating func cancel(consumer tag: String, channel: UInt16) {
        frame(1, channel) { writer in
            writer.method(60, 30)
            writer.shortString(tag)
            writer.bytes.append(1)
        }
    }

    mutating func openChannel(_ channel: UInt16) {
        frame(1, channel) { writer in
            writer.method(20, 10)
            writer.shortString("")
        }
    }

    mutating func channelCloseOK(_ channel: UInt16) {
        frame(1, channel) { $0.method(20, 41) }
    }

    mutating func connectionCloseOK() {
        frame(1, 0) { $0.method(10, 51) }
    }

    mutating func confirmSelect(channel: UInt16) {
        frame(1, channel) { writer in
            writer.method(85, 10)
            writer.bytes.append(0)
        }
    }

    mutating func heartbeat() {
        frame(8, 0) { _ in }
    }

    // MARK: - Parts

    private mutating func frame(_ type: UInt8, _ channel: UInt16, _ payload: (inout FrameWriter) -> Void) {
        bytes.append(type)
        u16(channel)
        let sizeAt = bytes.count
        u32(0)
        payload(&self)
        patch32(at: sizeAt)
        bytes.append(0xCE)
    }

    private mutating func method(_ classID: UInt16, _ methodID: UInt16) {
        u16(classID)
        u16(methodID)
    }

    private mutating func bindingFields(_ binding: AMQPBinding) {
        u16(0)
        shortString(binding.queue)
        shortString(binding.exchange)
        shortString(binding.routingKey)
    }

    /// Fills the four bytes at `index` with the number of bytes after them.
    mutating func patch32(at index: Int) {
        let size = UInt32(bytes.count - index - 4)
        bytes[index] = UInt8(truncatingIfNeeded: size >> 24)
        bytes[index + 1] = UInt8(truncatingIfNeeded: size >> 16)
        bytes[index + 2] = UInt8(truncatingIfNeeded: size >> 8)
        bytes[index + 3] = UInt8(truncatingIfNeeded: size)
    }

    mutating func u8(_ value: UInt8) { bytes.append(value) }
    mutating func u16(_ value: UInt16) { big(value) }
    mutating func u32(_ value: UInt32) { big(value) }
    mutating func u64(_ value: UInt64) { big(value) }

    private mutating func big(_ value: some FixedWidthInteger) {
        withUnsafeBytes(of: value.bigEndian) { bytes.append(contentsOf: $0) }
    }

    mutating func raw(_ content: some Collection<UInt8>) { bytes.append(contentsOf: content) }

    mutating func shortString(_ string: String) {
        let utf8 = string.utf8
        bytes.append(UInt8(utf8.count))
        bytes.append(contentsOf: utf8)
    }

    mutating func longString(_ string: String) {
        let utf8 = string.utf8
        u32(UInt32(utf8.count))
        bytes.append(contentsOf: utf8)
    }
}

func checkShort(_ string: String, _ what: String) throws(AMQPError) {
    guard string.utf8.count <= FrameWriter.shortStringLimit else {
        throw .invalid("\(what) longer than 255 bytes")
    }
}
