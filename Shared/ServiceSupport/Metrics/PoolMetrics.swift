import Metrics

/// How a service's links to the database are used, read before each scrape.
public enum PoolMetrics {
    public static func report(_ usage: @escaping @Sendable () -> (size: Int, busy: Int, waiting: Int)) {
        let size = Meter(label: MetricNames.poolSize)
        let busy = Meter(label: MetricNames.poolBusy)
        let waiting = Meter(label: MetricNames.poolWaiting)
        Bootstrap.metrics.beforeScrape {
            let now = usage()
            size.set(now.size)
            busy.set(now.busy)
            waiting.set(now.waiting)
        }
    }
}
