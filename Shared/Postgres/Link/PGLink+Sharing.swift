internal import CLibPQ

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
            var flights: [PGFlight] = []
            for query in queries {
                var flight = PGFlight()
                try flight.add(query, isWanted: true, to: self)
                try check(PQpipelineSync(connection))
                flights.append(flight)
            }
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
}

extension PGFlight {
    /// What became of the one wanted statement, once the flight is over.
    fileprivate var outcome: Result<PGResult, any Error> {
        if let failure { return .failure(failure) }
        return result.map { .success($0) } ?? .failure(PGError(.connection, "the server sent no answer"))
    }
}
