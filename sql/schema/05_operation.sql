-- What ran, what it could see, what it refused.

CREATE TABLE coverage (
    source_id VARCHAR NOT NULL,
    day DATE NOT NULL,
    state VARCHAR NOT NULL CHECK (state IN ('ok', 'partial', 'failed', 'unreachable')),
    n_links INTEGER NOT NULL CHECK (n_links >= 0),
    n_fetched INTEGER NOT NULL CHECK (n_fetched >= 0),
    n_failed INTEGER NOT NULL CHECK (n_failed >= 0),
    n_read INTEGER NOT NULL CHECK (n_read >= 0),
    n_relevant INTEGER NOT NULL CHECK (n_relevant >= 0),
    n_mentions INTEGER NOT NULL CHECK (n_mentions >= 0),
    n_rejects INTEGER NOT NULL CHECK (n_rejects >= 0),
    note VARCHAR,
    PRIMARY KEY (source_id, day)
);
COMMENT ON TABLE coverage IS 'What Sarhad could see, per source and day. "No news" and "no data" are told apart here.';
COMMENT ON COLUMN coverage.source_id IS 'Publisher.';
COMMENT ON COLUMN coverage.day IS 'Day (UTC).';
COMMENT ON COLUMN coverage.state IS 'ok: discovery worked and every link was fetched; partial: some links failed; failed: discovery failed; unreachable: no adapter of the source reaches back to the day.';
COMMENT ON COLUMN coverage.n_links IS 'Links found.';
COMMENT ON COLUMN coverage.n_fetched IS 'Links whose page is in the archive.';
COMMENT ON COLUMN coverage.n_failed IS 'Links that could not be fetched.';
COMMENT ON COLUMN coverage.n_read IS 'Articles that were read.';
COMMENT ON COLUMN coverage.n_relevant IS 'Articles that report an incident of the theatre.';
COMMENT ON COLUMN coverage.n_mentions IS 'Mentions found.';
COMMENT ON COLUMN coverage.n_rejects IS 'Records refused, see reject.';
COMMENT ON COLUMN coverage.note IS 'Why the state is not ok.';

CREATE TABLE reject (
    reject_id VARCHAR PRIMARY KEY,
    stage VARCHAR NOT NULL CHECK (stage IN ('discover', 'fetch', 'clean', 'extract', 'resolve', 'fuse', 'validate')),
    source_id VARCHAR NOT NULL,
    day DATE NOT NULL,
    record_id VARCHAR NOT NULL,
    reason VARCHAR NOT NULL CHECK (reason IN (
        'feed_unreadable', 'feed_unsafe', 'address_unsafe', 'robots_disallowed', 'http_error', 'not_found', 'timeout', 'too_large',
        'redirect_loop', 'network_error', 'not_html', 'undecodable', 'no_text', 'paywall', 'unchanged', 'language_not_read',
        'too_long', 'no_event', 'outside_theatre', 'negative_context', 'archive_corrupt', 'failed_expectation',
        'no_span', 'internal_error')),
    detail VARCHAR NOT NULL,
    locator VARCHAR NOT NULL
);
COMMENT ON TABLE reject IS 'A record that was refused, with the reason. Nothing evaporates.';
COMMENT ON COLUMN reject.reject_id IS 'rej_ and 16 hex digits of SHA-256 over stage, record and reason.';
COMMENT ON COLUMN reject.stage IS 'Stage that refused it.';
COMMENT ON COLUMN reject.source_id IS 'Publisher.';
COMMENT ON COLUMN reject.day IS 'Day whose run owns the record.';
COMMENT ON COLUMN reject.record_id IS 'Id of the refused link, capture, article, mention, claim or incident.';
COMMENT ON COLUMN reject.reason IS 'Reason from the closed list.';
COMMENT ON COLUMN reject.detail IS 'What was wrong, and what to do.';
COMMENT ON COLUMN reject.locator IS 'Address, file or span where it was.';

CREATE TABLE run (
    run_id VARCHAR PRIMARY KEY,
    day DATE NOT NULL,
    kind VARCHAR NOT NULL CHECK (kind IN ('scheduled', 'manual', 'backfill', 'cli', 'rebuild')),
    started_at TIMESTAMPTZ NOT NULL,
    loaded_at TIMESTAMPTZ NOT NULL,
    code_version VARCHAR NOT NULL,
    config_sha256 VARCHAR NOT NULL,
    extractor_version VARCHAR NOT NULL,
    n_articles INTEGER NOT NULL CHECK (n_articles >= 0),
    n_mentions INTEGER NOT NULL CHECK (n_mentions >= 0),
    n_claims INTEGER NOT NULL CHECK (n_claims >= 0),
    n_rejects INTEGER NOT NULL CHECK (n_rejects >= 0),
    n_incidents_touched INTEGER NOT NULL CHECK (n_incidents_touched >= 0)
);
COMMENT ON TABLE run IS 'One load of one day into the warehouse; the latest run of a day is the one that its rows come from.';
COMMENT ON COLUMN run.run_id IS 'Id that Airflow or the command line gave the run.';
COMMENT ON COLUMN run.day IS 'Day (UTC) that was loaded.';
COMMENT ON COLUMN run.kind IS 'What started it.';
COMMENT ON COLUMN run.started_at IS 'When its first stage began.';
COMMENT ON COLUMN run.loaded_at IS 'When its rows were committed.';
COMMENT ON COLUMN run.code_version IS 'Git commit of the code, with "-dirty" where the tree had changes.';
COMMENT ON COLUMN run.config_sha256 IS 'SHA-256 over config/ and sql/.';
COMMENT ON COLUMN run.extractor_version IS 'Version of code and lexicons that read the articles.';
COMMENT ON COLUMN run.n_articles IS 'Articles of the day.';
COMMENT ON COLUMN run.n_mentions IS 'Mentions of the day.';
COMMENT ON COLUMN run.n_claims IS 'Claims of the day.';
COMMENT ON COLUMN run.n_rejects IS 'Rejects of the day.';
COMMENT ON COLUMN run.n_incidents_touched IS 'Incidents that were made or changed.';
