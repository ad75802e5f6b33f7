import Postgres
import Testing

@Suite struct QueryTextTests {
    @Test func valuesBecomeParameters() {
        let query: PGQuery = "SELECT a FROM t WHERE b = \(1) AND c = \("x'y")"
        #expect(query.text == "SELECT a FROM t WHERE b = $1 AND c = $2")
    }

    @Test func concatenationRenumbers() {
        var query: PGQuery = "SELECT \(1)"
        query += ", \(2), '$1 each', \(3)"
        #expect((query + " LIMIT \(4)").text == "SELECT $1, $2, '$1 each', $3 LIMIT $4")
    }

    @Test func fragmentsAreSpliced() {
        let filter: PGQuery = "a = \(1) OR b = \("2")"
        let query: PGQuery = "SELECT \(0) WHERE (\(filter)) AND c = \(true) ORDER BY \(unescaped: "c")"
        #expect(query.text == "SELECT $1 WHERE (a = $2 OR b = $3) AND c = $4 ORDER BY c")
    }

    @Test func manyParametersAreNumberedThrough() {
        let query = (1...12).map { "\($0)" as PGQuery }.reduce("") { $0 + "," + $1 }
        #expect(query.text == (1...12).map { ",$\($0)" }.joined())
    }
}
