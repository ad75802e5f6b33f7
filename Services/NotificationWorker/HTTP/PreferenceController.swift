internal import Auth
internal import Events
internal import HTTPSupport
internal import Hummingbird
internal import Identifiers

/// `/notifications/preferences`: what somebody wants to be told, and how.
struct PreferenceController: Sendable {
    private static let maximumMutedRooms = 1000

    let store: PreferenceStore
    let rooms: InternalClient

    func add(to routes: RouterGroup<AppContext>) {
        routes.get("/notifications/preferences", use: show)
        routes.put("/notifications/preferences", use: update)
    }

    private struct Update: Decodable {
        var email: Bool?
        var inApp: Bool?
        /// Codes or UUIDs.
        var mutedRooms: [String]?
    }

    private struct PreferenceView: Encodable {
        var email: Bool
        var inApp: Bool
        var mutedRooms: [RoomCode]

        init(_ preferences: Preferences) {
            email = preferences.email
            inApp = preferences.inApp
            mutedRooms = preferences.mutedRooms.map(\.code)
        }
    }

    @Sendable private func show(_ request: Request, _ context: AppContext) async throws -> Response {
        let identity = try context.identity
        try await store.noteAddress(identity.verifiedEmail, of: identity.userID)
        return try .json(PreferenceView(try await store.preferences(of: identity.userID)))
    }

    @Sendable private func update(_ request: Request, _ context: AppContext) async throws -> Response {
        let identity = try context.identity
        let body = try await request.body(as: Update.self, context)
        let references = try body.mutedRooms.map(Self.references)
        var preferences = try await store.preferences(of: identity.userID)
        if let email = body.email { preferences.email = email }
        if let inApp = body.inApp { preferences.inApp = inApp }
        if let references { preferences.mutedRooms = try await resolve(references, known: preferences.mutedRooms) }
        try await store.replace(preferences, of: identity.userID, address: identity.verifiedEmail)
        return try .json(PreferenceView(preferences))
    }

    private static func references(_ names: [String]) throws -> [RoomReference] {
        guard names.count <= maximumMutedRooms else {
            throw Problem.invalid("mutedRooms", "must name at most \(maximumMutedRooms) rooms")
        }
        return try names.enumerated().map { index, name in
            guard let reference = RoomReference(name) else {
                throw Problem.invalid("mutedRooms.\(index)", "must be a room's code or id")
            }
            return reference
        }
    }

    /// Both names of each room, in the order given; a room named twice is one.
    private func resolve(_ references: [RoomReference], known: [RoomRef]) async throws -> [RoomRef] {
        var resolved: [RoomRef] = []
        for reference in references {
            let room: RoomRef
            if let match = known.first(where: { reference == .code($0.code) || reference == .id($0.id) }) {
                room = match
            } else {
                let facts: InternalAPI.Facts = try await rooms.get("/internal/rooms/\(reference)/facts?after=0&limit=1")
                room = RoomRef(id: facts.roomUuid, code: facts.roomId)
            }
            if !resolved.contains(room) { resolved.append(room) }
        }
        return resolved
    }
}
