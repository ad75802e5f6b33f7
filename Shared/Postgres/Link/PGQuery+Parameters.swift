extension PGQuery {

    /// Lends the values as libpq takes them: count, pointers, lengths, formats (all binary).
    func withParameters<T>(
        _ body: (Int32, UnsafePointer<UnsafePointer<CChar>?>?, UnsafePointer<Int32>?, UnsafePointer<Int32>?) -> T
    ) -> T {
        let count = binds.count
        guard count > 0 else { return body(0, nil, nil, nil) }
        return buffer.bytes.withUnsafeBytes { bytes in
            withUnsafeTemporaryAllocation(of: UnsafePointer<CChar>?.self, capacity: count) { pointers in
                withUnsafeTemporaryAllocation(of: Int32.self, capacity: 2 * count) { numbers in
                    var offset = 0
                    for (index, bind) in binds.enumerated() {
                        let value = bytes.baseAddress.map { $0 + offset }?.assumingMemoryBound(to: CChar.self)
                        // An empty value needs an address all the same, for a null pointer means NULL.
                        pointers[index] = bind.length < 0 ? nil : value ?? emptyValue
                        numbers[index] = max(0, bind.length)
                        numbers[count + index] = 1
                        offset += Int(max(0, bind.length))
                    }
                    let lengths = numbers.baseAddress.map { UnsafePointer($0) }
                    return body(Int32(count), pointers.baseAddress, lengths, lengths.map { $0 + count })
                }
            }
        }
    }

    /// - Throws: `PGError` of kind `.encoding`
    func checkEncoding() throws {
        guard let failure = buffer.failure else { return }
        var error = failure as? PGError ?? PGError(.encoding, "\(failure)")
        error.sql = sql
        throw error
    }
}

/// Never freed and never written; nothing reads more than its zero bytes.
nonisolated(unsafe) private let emptyValue = UnsafePointer<CChar>(UnsafeMutablePointer<CChar>.allocate(capacity: 1))
