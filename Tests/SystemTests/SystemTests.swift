import ParlorClient
import Testing

/// The real executables behind the real gateway. One suite at a time, for some of them take parts of the stack away.
@Suite(.serialized, .enabled(if: Stack.current != nil, "no stack: make test starts one and sets PARLOR_STACK_ENV"))
enum SystemTests {}

func expectShape(
    _ shape: Shape, _ value: JSONValue?, sourceLocation: SourceLocation = #_sourceLocation
) {
    #expect(shape.faults(in: value ?? .null) == [], sourceLocation: sourceLocation)
}

/// A refusal, as a problem document with the right words.
func expectProblem(
    _ status: Int, _ code: String, _ answer: ParlorAnswer, sourceLocation: SourceLocation = #_sourceLocation
) {
    #expect(answer.status == status, "\(answer.text)", sourceLocation: sourceLocation)
    #expect(
        answer.headers["content-type"]?.hasPrefix("application/problem+json") == true, sourceLocation: sourceLocation)
    expectShape(.problem(status: status, code: code), answer.json, sourceLocation: sourceLocation)
}
