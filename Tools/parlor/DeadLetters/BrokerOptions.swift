import AMQP
import ArgumentParser
import Foundation

/// Where the broker is.
struct BrokerOptions: ParsableArguments {
    @Option(help: "The broker's address (else RABBITMQ_URL).")
    var rabbitmq: String?

    var deadLetters: DeadLetters {
        get throws {
            guard let url = rabbitmq ?? ProcessInfo.processInfo.environment["RABBITMQ_URL"] else {
                throw ValidationError("Say where the broker is: --rabbitmq, or RABBITMQ_URL.")
            }
            return DeadLetters(try AMQPConfiguration(url: url, connectionName: "parlor dead-letters"))
        }
    }
}
