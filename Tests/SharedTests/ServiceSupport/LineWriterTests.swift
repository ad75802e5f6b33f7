import Foundation
import ServiceSupport
import Testing

@Suite struct LineWriterTests {
    @Test func linesStayWholeAndEachSpeakersInOrder() async throws {
        let pipe = Pipe()
        let writer = LineWriter(pipe.fileHandleForWriting.fileDescriptor)
        let (speakers, lines) = (8, 500)
        async let text = Self.read(speakers * lines, from: pipe)
        await withTaskGroup(of: Void.self) { group in
            for speaker in 0..<speakers {
                group.addTask {
                    for line in 0..<lines {
                        writer.write(Array("\(speaker) says \(line)\n".utf8), hurried: line % 7 == 0)
                    }
                }
            }
        }
        writer.flush()
        let read = await text
        for speaker in 0..<speakers {
            #expect(read.filter { $0.hasPrefix("\(speaker) ") } == (0..<lines).map { "\(speaker) says \($0)" })
        }
    }

    @Test func hurriedLinesAreWrittenWithAllBeforeThem() throws {
        let pipe = Pipe()
        let writer = LineWriter(pipe.fileHandleForWriting.fileDescriptor)
        writer.write(Array("one\n".utf8), hurried: false)
        writer.write(Array("two\n".utf8), hurried: true)
        // Both are in the pipe already: reads that do not wait find them.
        let descriptor = pipe.fileHandleForReading.fileDescriptor
        _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
        var bytes = [UInt8](repeating: 0, count: 100)
        let count = Foundation.read(descriptor, &bytes, bytes.count)
        #expect(String(decoding: bytes.prefix(max(0, count)), as: UTF8.self) == "one\ntwo\n")
    }

    @Test func unhurriedLinesNeedNobodyElse() async {
        let pipe = Pipe()
        let writer = LineWriter(pipe.fileHandleForWriting.fileDescriptor)
        writer.write(Array("alone\n".utf8), hurried: false)
        #expect(await Self.read(1, from: pipe) == ["alone"])
    }

    private static func read(_ count: Int, from pipe: Pipe) async -> [String] {
        await withCheckedContinuation { continuation in
            Thread {
                var bytes: [UInt8] = []
                while bytes.count(where: { $0 == UInt8(ascii: "\n") }) < count {
                    bytes += pipe.fileHandleForReading.availableData
                }
                let text = String(decoding: bytes, as: UTF8.self)
                continuation.resume(returning: text.split(separator: "\n").map(String.init))
            }.start()
        }
    }
}
