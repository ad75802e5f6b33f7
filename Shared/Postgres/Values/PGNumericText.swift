/// The server's `numeric`, read into decimal text: its binary form is a row of digits to the base 10000.
struct PGNumericText {
    let text: String

    init(_ value: borrowing PGValue) throws {
        text = try value.withBytes { bytes in
            func word(_ index: Int) throws -> Int {
                guard 2 * index + 2 <= bytes.count else { throw PGError(.decoding, "a numeric is cut short") }
                return Int(Int16(bigEndian: bytes.loadUnaligned(fromByteOffset: 2 * index, as: Int16.self)))
            }
            let (digits, weight, sign, scale) = (try word(0), try word(1), try word(2), try word(3))
            switch UInt16(truncatingIfNeeded: sign) {
            case 0xC000: return "nan"
            case 0xD000: return "inf"
            case 0xF000: return "-inf"
            default: break
            }
            /// The group that stands for `10000 ^ power`; groups left out are zero.
            func group(_ power: Int) throws -> String {
                let index = weight - power
                let number = 0..<digits ~= index ? try word(4 + index) : 0
                let text = String(number)
                return String(repeating: "0", count: max(0, 4 - text.count)) + text
            }
            var whole = ""
            for power in stride(from: max(weight, 0), through: 0, by: -1) { whole += try group(power) }
            whole = String(whole.drop { $0 == "0" })
            var fraction = ""
            for power in 1..<(2 + scale / 4) { fraction += try group(-power) }
            let minus = sign != 0 ? "-" : ""
            return minus + (whole.isEmpty ? "0" : whole) + (scale > 0 ? "." + fraction.prefix(scale) : "")
        }
    }

    var double: Double { Double(text) ?? .nan }

    /// The value when it is whole and fits.
    var integer: Int64? {
        guard let point = text.firstIndex(of: ".") else { return Int64(text) }
        return text[text.index(after: point)...].allSatisfy { $0 == "0" } ? Int64(text[..<point]) : nil
    }
}
