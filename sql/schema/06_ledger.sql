-- Corrections by analysts, each as one more claim.

CREATE TABLE correction (
    claim_id VARCHAR PRIMARY KEY,
    incident_id VARCHAR NOT NULL,
    action VARCHAR NOT NULL CHECK (action IN ('set', 'drop')),
    mention_id VARCHAR NOT NULL,
    article_id VARCHAR NOT NULL,
    source_id VARCHAR NOT NULL,
    day DATE NOT NULL,
    field VARCHAR NOT NULL,
    victim_group VARCHAR CHECK (victim_group IN ('all', 'security_forces', 'civilians', 'attackers', 'unknown')),
    value VARCHAR,
    canonical_id VARCHAR,
    low INTEGER CHECK (low >= 0),
    best INTEGER CHECK (best >= 0),
    high INTEGER CHECK (high >= 0),
    starts_on DATE,
    ends_on DATE,
    precision VARCHAR,
    country VARCHAR,
    admin1 VARCHAR,
    lat DOUBLE,
    lon DOUBLE,
    where_prec INTEGER CHECK (where_prec BETWEEN 1 AND 7),
    qualifier VARCHAR NOT NULL,
    speaker VARCHAR,
    speaker_type VARCHAR NOT NULL,
    stance VARCHAR NOT NULL,
    quote VARCHAR NOT NULL,
    char_start INTEGER NOT NULL,
    char_end INTEGER NOT NULL,
    said_at TIMESTAMPTZ,
    seen_at TIMESTAMPTZ NOT NULL,
    rule VARCHAR NOT NULL,
    extractor_version VARCHAR NOT NULL,
    confidence DOUBLE NOT NULL,
    reason VARCHAR NOT NULL,
    decided_by VARCHAR NOT NULL,
    locator VARCHAR NOT NULL
);
COMMENT ON TABLE correction IS 'Corrections of config/corrections.yml, each as one more claim: they win under every rule, and explain shows them as what they are.';
COMMENT ON COLUMN correction.claim_id IS 'clm_ and 16 hex digits of SHA-256 over the entry.';
COMMENT ON COLUMN correction.incident_id IS 'Incident that is corrected.';
COMMENT ON COLUMN correction.action IS 'set: this value holds; drop: the mention is no report of an incident, or the incident did not happen.';
COMMENT ON COLUMN correction.mention_id IS 'Mention that is dropped; for a correction of an incident its own id.';
COMMENT ON COLUMN correction.article_id IS 'Id of the correction itself: its quote is the reason.';
COMMENT ON COLUMN correction.source_id IS 'Always "analyst".';
COMMENT ON COLUMN correction.day IS 'Day of the correction.';
COMMENT ON COLUMN correction.field IS 'Field of the incident that is set; "incident" for a drop.';
COMMENT ON COLUMN correction.victim_group IS 'For tolls: whom the figure counts.';
COMMENT ON COLUMN correction.value IS 'The value as text.';
COMMENT ON COLUMN correction.canonical_id IS 'actor_id or place_id of the value.';
COMMENT ON COLUMN correction.low IS 'For tolls: lowest figure.';
COMMENT ON COLUMN correction.best IS 'For tolls: the figure.';
COMMENT ON COLUMN correction.high IS 'For tolls: highest figure.';
COMMENT ON COLUMN correction.starts_on IS 'For dates: first possible day.';
COMMENT ON COLUMN correction.ends_on IS 'For dates: last possible day.';
COMMENT ON COLUMN correction.precision IS 'For dates: day, days, week, month, year or unknown.';
COMMENT ON COLUMN correction.country IS 'For places: country, ISO 3166-1 alpha-2 or other.';
COMMENT ON COLUMN correction.admin1 IS 'For places: province.';
COMMENT ON COLUMN correction.lat IS 'For places: latitude, decimal degrees.';
COMMENT ON COLUMN correction.lon IS 'For places: longitude, decimal degrees.';
COMMENT ON COLUMN correction.where_prec IS 'For places: UCDP where_prec, 1 exact to 7.';
COMMENT ON COLUMN correction.qualifier IS 'Always "exact".';
COMMENT ON COLUMN correction.speaker IS 'Analyst who decided.';
COMMENT ON COLUMN correction.speaker_type IS 'Always "analyst".';
COMMENT ON COLUMN correction.stance IS 'Always "reported".';
COMMENT ON COLUMN correction.quote IS 'The reason, in the words of the analyst.';
COMMENT ON COLUMN correction.char_start IS 'Always 0: the quote is the whole reason.';
COMMENT ON COLUMN correction.char_end IS 'Length of the reason in characters.';
COMMENT ON COLUMN correction.said_at IS 'Midnight UTC of the day of the correction.';
COMMENT ON COLUMN correction.seen_at IS 'Midnight UTC of the day of the correction: as-of questions before it do not know it.';
COMMENT ON COLUMN correction.rule IS 'Always "correction".';
COMMENT ON COLUMN correction.extractor_version IS 'Always "analyst".';
COMMENT ON COLUMN correction.confidence IS 'Always 1.';
COMMENT ON COLUMN correction.reason IS 'Why.';
COMMENT ON COLUMN correction.decided_by IS 'Who.';
COMMENT ON COLUMN correction.locator IS 'File and line of the entry.';
