/// Statements that go first in a pipeline, for those after them to be planned better. They hold until its end.
extension PGQuery {
    /// What follows is planned for its own values: where these decide, one plan for all fits few.
    public static let ownPlan: PGQuery = "SELECT set_config('plan_cache_mode', 'force_custom_plan', true)"

    /// What follows collects its rows by an index before it sorts them. The planner takes the words of a text for cheap to
    /// find out and evenly spread, and would rather read a large table in its order.
    public static let collecting: PGQuery =
        "SELECT set_config('enable_indexscan', 'off', true), set_config('enable_seqscan', 'off', true)"
}
