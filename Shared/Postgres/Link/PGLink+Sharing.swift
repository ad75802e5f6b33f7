internal import CLibPQ
internal import Glibc

extension PGLink {
    /// Runs statements of several callers in one round trip, each a transaction of its own: where one fails the others
    /// go on.
    ///
    /// - Parameter answer: told the result of each, by its place, as soon as it is there; exactly once for each.
    func run(apart queries: [PGQuery], _ answer: (Int, Result<PGResult, any Error>) -> Void) async {
        var answered = 0
        do {
            try takeOff(ignoringCancellation: true)
            defer { land() }
            let flights = try send(apart: queries)
            var wait = PGWait(self, ignoringCancellation: true)
            if PQflush(connection) != 0 { try await flush(&wait) }
            var isOnWrongHost = false
            for var flight in flights {
                repeat {
                    if PQisBusy(connection) != 0 { try await awaitResult(&wait) }
                } while try flight.receive(from: self)
                isOnWrongHost = isOnWrongHost || flight.failure?.meansWrongHost == true
                answered += 1
                answer(answered - 1, flight.outcome)
            }
            isInDoubt = isOnWrongHost
        } catch {
            for position in answered..<queries.count { answer(position, .failure(error)) }
        }
    }

    private func send(apart queries: [PGQuery]) throws -> [PGFlight] {
        cork(true)
        defer { cork(false) }
        return try queries.map { query in
            var flight = PGFlight()
            try flight.add(query, isWanted: true, to: self)
            try check(PQpipelineSync(connection))
            return flight
        }
    }

    /// Has what is written leave in whole packets: libpq writes at each point of synchronisation, and each packet of its own
    /// wakes the server. On a Unix socket it is refused, without harm.
    private func cork(_ isOn: Bool) {
        var value: Int32 = isOn ? 1 : 0
        setsockopt(socket, Int32(IPPROTO_TCP), TCP_CORK, &value, socklen_t(MemoryLayout<Int32>.size))
    }
}

extension PGFlight {
    /// What became of the one wanted statement, once the flight is over.
    fileprivate var outcome: Result<PGResult, any Error> {
        if let failure { return .failure(failure) }
        return result.map { .success($0) } ?? .failure(PGError(.connection, "the server sent no answer"))
    }
}
