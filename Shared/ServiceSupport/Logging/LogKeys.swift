/// Names of log fields, so that a search finds them in every service.
public enum LogKeys {
    public static let requestID = "requestId"
    public static let userID = "userId"
    public static let roomID = "roomId"
    public static let messageID = "messageId"
    public static let eventID = "eventId"
    public static let error = "error"
    public static let action = "action"
    public static let status = "status"
    public static let durationMs = "durationMs"
}
