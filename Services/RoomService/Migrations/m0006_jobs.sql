-- When each lifecycle job last ran, for whichever instance leads next.
CREATE TABLE job_runs (
    name text PRIMARY KEY,
    last_run_at timestamptz NOT NULL,
    last_error text
);
