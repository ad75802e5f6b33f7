import Foundation
import Postgres
import TestSupport
import Testing

/// What goes in as a parameter comes out of a column the same.
@Suite struct ValuesTests {
    private func roundTrip<T: PGEncodable & PGDecodable & Equatable>(_ values: T...) async throws {
        try await withPool { pool in
            for value in values {
                let row = try #require(try await pool.query("SELECT \(value) AS value").first)
                #expect(try row.get("value", as: T.self) == value)
            }
        }
    }

    @Test func numbers() async throws {
        try await roundTrip(true, false)
        try await roundTrip(Int.min, -1, 0, 1, Int.max)
        try await roundTrip(Int16.min, Int16.max)
        try await roundTrip(Int32.min, Int32.max)
        try await roundTrip(0.0, -1.5, .pi, .infinity, -.infinity, Double.leastNonzeroMagnitude)
        try await roundTrip(Float(1.25))
    }

    @Test func text() async throws {
        let large = String(repeating: "ä", count: 500_000)
        try await roundTrip("", " ", "Grüße, 世界 👩🏽‍🚀 e\u{301}", "line\nfeed\ttab\\", large)
    }

    /// Values that would end a literal, a comment or a statement if they were ever pasted into its text.
    @Test func injectionShapedTextIsJustText() async throws {
        let hostile = [
            "'; DROP TABLE victims; --", "\\'; DROP TABLE victims; --", "$1", "$$; DROP TABLE victims; $$", "/*", "--",
            "' OR ''='", "%00", "\u{1F}", "NULL", "{}", "{\"a\",NULL}",
        ]
        try await withPool { pool in
            try await pool.execute("CREATE TABLE victims (name text)")
            for name in hostile { try await pool.execute("INSERT INTO victims VALUES (\(name))") }
            for name in hostile {
                let count: Int = try await pool.query("SELECT count(*) FROM victims WHERE name = \(name)")[0].get(0)
                #expect(count == 1, "\(name)")
            }
            let names: [String] = try await pool.query("SELECT array_agg(name) FROM victims")[0].get(0)
            #expect(names.sorted() == hostile.sorted())
        }
    }

    @Test func identifiersBytesAndDates() async throws {
        try await roundTrip(UUID(), UUID(uuidString: "00000000-0000-0000-0000-000000000000")!)
        try await roundTrip([UInt8](), [0], Array(0...255), [UInt8](repeating: 7, count: 3_000_000))
        try await roundTrip(Data(), Data([0, 255]))
        try await roundTrip(
            Date(timeIntervalSinceReferenceDate: 0), Date(timeIntervalSince1970: -1.5),
            Date(timeIntervalSince1970: 1_800_000_000.123_456), Date.distantPast)
    }

    @Test func nulls() async throws {
        try await roundTrip(nil, 5)
        try await roundTrip(nil, "")
        try await roundTrip(UUID?.none)
        try await roundTrip([String]?.none, [])
    }

    @Test func arrays() async throws {
        try await roundTrip([Int](), [1], Array(-1000...1000))
        try await roundTrip(["", "a,b", "{\"", "NULL", "世界"])
        try await roundTrip([1, nil, 3])
        try await roundTrip([UUID(), UUID()])
        try await roundTrip([true, false])
        try await roundTrip([Date(timeIntervalSinceReferenceDate: 7)])
    }

    private struct Settings: Codable, Equatable {
        var name: String
        var tags: [String]
    }

    @Test func json() async throws {
        let settings = Settings(name: "O'Neil \"x\" \\ 世界", tags: ["a", "b"])
        try await roundTrip(PGJSON(settings))
        try await withPool { pool in
            let row = try await pool.query(
                "SELECT \(PGJSON(settings)) ->> 'name', \(PGJSONText(#"{"a": 1}"#)), '{\"b\":2}'::json")[0]
            let (name, jsonb, json) = try row.decode((String, String, PGJSON<[String: Int]>).self)
            #expect(name == settings.name)
            #expect(jsonb == #"{"a": 1}"#)
            #expect(json.value == ["b": 2])
        }
    }

    @Test func numericsAreReadAsTextAndNumbers() async throws {
        let texts = [
            "0", "1", "-1", "10000", "9999", "12345678901234567890.000123", "0.0001", "-0.00001", "1000000.10", "NaN",
            "100000000", "0.10203040506",
        ]
        try await withPool { pool in
            for text in texts {
                let row = try await pool.query("SELECT \(text)::numeric, \(text)::numeric::text")[0]
                let (read, expected) = try row.decode((String, String).self)
                #expect(read == (expected == "NaN" ? "nan" : expected))
            }
            let row = try await pool.query("SELECT sum(x), avg(x) FROM (VALUES (1::bigint), (2)) t (x)")[0]
            let (sum, average) = try row.decode((Int, Double).self)
            #expect(sum == 3)
            #expect(average == 1.5)
        }
    }

    private enum Color: String, PGCodable {
        case red, green
    }

    @Test func enumsTravelByRawValue() async throws {
        try await roundTrip(Color.red, .green)
        try await roundTrip([Color.red, .green])
        try await withPool { pool in
            try await pool.execute("CREATE TYPE color AS ENUM ('red', 'blue')")
            let rows = try await pool.query("SELECT unnest(enum_range(NULL::color)) AS c")
            #expect(try rows[0].get("c", as: Color.self) == .red)
            #expect(throws: PGError.self) { try rows[1].get("c", as: Color.self) }
        }
    }

    @Test func wrongTypesAreNamed() async throws {
        try await withPool { pool in
            let row = try await pool.query("SELECT 'x' AS word, 300 AS number, NULL::int AS nothing")[0]
            func message(_ body: () throws -> Void) -> String {
                do {
                    try body()
                    return ""
                } catch { return (error as? PGError)?.description ?? "" }
            }
            #expect(message { _ = try row.get("word", as: Int.self) }.contains("column word"))
            #expect(message { _ = try row.get("nothing", as: Int.self) }.contains("NULL"))
            #expect(message { _ = try row.get("missing", as: Int.self) }.contains("missing"))
            #expect(message { _ = try row.decode((String, UUID).self) }.contains("column number"))
            #expect(message { _ = try row.get(9, as: Int.self) }.contains("column 9"))
        }
    }

    @Test func valuesThatCannotBeEncodedAreRefusedBeforeAnythingIsSent() async throws {
        try await withPool { pool in
            let error = await pgError { try await pool.query("SELECT \("a\0b")") }
            #expect(error?.kind == .encoding)
            let rows = try await pool.query("SELECT 1")
            #expect(rows.count == 1)
        }
    }
}
