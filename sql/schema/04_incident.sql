-- The ledger: which mentions are one incident, and what they fold to.

CREATE TABLE incident_mention (
    mention_id VARCHAR PRIMARY KEY,
    incident_id VARCHAR NOT NULL,
    score DOUBLE NOT NULL CHECK (score BETWEEN 0 AND 1),
    evidence JSON NOT NULL,
    is_uncertain BOOLEAN NOT NULL
);
COMMENT ON TABLE incident_mention IS 'Which incident a mention talks about, and why we think so.';
COMMENT ON COLUMN incident_mention.mention_id IS 'Mention.';
COMMENT ON COLUMN incident_mention.incident_id IS 'Incident.';
COMMENT ON COLUMN incident_mention.score IS 'Strength of the strongest link to another mention of the incident; 1 for a first mention.';
COMMENT ON COLUMN incident_mention.evidence IS 'What linked it: the other mention, and agreement per field.';
COMMENT ON COLUMN incident_mention.is_uncertain IS 'True where the link lies in the band that a person should look at.';

CREATE TABLE incident_ledger (
    entry_id VARCHAR PRIMARY KEY,
    action VARCHAR NOT NULL CHECK (action IN ('merge', 'split', 'undo')),
    incident_id VARCHAR NOT NULL,
    into_id VARCHAR,
    mention_ids VARCHAR[],
    undoes VARCHAR,
    decided_by VARCHAR NOT NULL,
    decided_at TIMESTAMPTZ NOT NULL,
    reason VARCHAR NOT NULL
);
COMMENT ON TABLE incident_ledger IS 'Merges and splits of incidents, by the machine or by a person; each can be undone.';
COMMENT ON COLUMN incident_ledger.entry_id IS 'led_ and 16 hex digits of SHA-256 over the entry.';
COMMENT ON COLUMN incident_ledger.action IS 'merge, split or undo.';
COMMENT ON COLUMN incident_ledger.incident_id IS 'Incident that was merged away or split.';
COMMENT ON COLUMN incident_ledger.into_id IS 'Incident that took it in, or that was split off.';
COMMENT ON COLUMN incident_ledger.mention_ids IS 'Mentions that moved.';
COMMENT ON COLUMN incident_ledger.undoes IS 'Entry that this one undoes.';
COMMENT ON COLUMN incident_ledger.decided_by IS 'Person, or "sarhad" for the machine.';
COMMENT ON COLUMN incident_ledger.decided_at IS 'When it was decided.';
COMMENT ON COLUMN incident_ledger.reason IS 'Why.';

CREATE TABLE incident (
    incident_id VARCHAR PRIMARY KEY,
    rule VARCHAR NOT NULL,
    event_type VARCHAR NOT NULL,
    starts_on DATE,
    ends_on DATE,
    date_precision VARCHAR NOT NULL CHECK (date_precision IN ('day', 'days', 'week', 'month', 'year', 'unknown')),
    place_id VARCHAR,
    place_name VARCHAR,
    country VARCHAR,
    admin1 VARCHAR,
    admin2 VARCHAR,
    lat DOUBLE,
    lon DOUBLE,
    where_prec INTEGER CHECK (where_prec BETWEEN 1 AND 7),
    km_to_border DOUBLE,
    perpetrator_id VARCHAR,
    perpetrator VARCHAR,
    perpetrator_stance VARCHAR CHECK (perpetrator_stance IN ('reported', 'claimed', 'accused', 'denied', 'possible')),
    claimed_by VARCHAR,
    target VARCHAR,
    weapons VARCHAR[],
    killed_low INTEGER CHECK (killed_low >= 0),
    killed_best INTEGER CHECK (killed_best >= 0),
    killed_high INTEGER CHECK (killed_high >= 0),
    injured_low INTEGER CHECK (injured_low >= 0),
    injured_best INTEGER CHECK (injured_best >= 0),
    injured_high INTEGER CHECK (injured_high >= 0),
    killed_security_forces INTEGER CHECK (killed_security_forces >= 0),
    killed_civilians INTEGER CHECK (killed_civilians >= 0),
    killed_attackers INTEGER CHECK (killed_attackers >= 0),
    killed_unknown INTEGER CHECK (killed_unknown >= 0),
    killed_claimed INTEGER CHECK (killed_claimed >= 0),
    injured_claimed INTEGER CHECK (injured_claimed >= 0),
    abducted_best INTEGER CHECK (abducted_best >= 0),
    arrested_best INTEGER CHECK (arrested_best >= 0),
    n_mentions INTEGER NOT NULL CHECK (n_mentions >= 1),
    n_articles INTEGER NOT NULL CHECK (n_articles >= 1),
    n_independent INTEGER NOT NULL CHECK (n_independent >= 1),
    n_languages INTEGER NOT NULL CHECK (n_languages >= 1),
    contested VARCHAR[] NOT NULL,
    is_uncertain BOOLEAN NOT NULL,
    first_seen_at TIMESTAMPTZ NOT NULL,
    last_seen_at TIMESTAMPTZ NOT NULL,
    confidence DOUBLE NOT NULL CHECK (confidence BETWEEN 0 AND 1),
    headline VARCHAR NOT NULL,
    CHECK (killed_low IS NULL OR killed_best IS NULL OR killed_low <= killed_best),
    CHECK (killed_best IS NULL OR killed_high IS NULL OR killed_best <= killed_high),
    CHECK (injured_low IS NULL OR injured_best IS NULL OR injured_low <= injured_best),
    CHECK (injured_best IS NULL OR injured_high IS NULL OR injured_best <= injured_high),
    CHECK (starts_on IS NULL OR ends_on IS NULL OR starts_on <= ends_on)
);
COMMENT ON TABLE incident IS 'The real-world event that mentions talk about: a fold of their claims under the default rule.';
COMMENT ON COLUMN incident.incident_id IS 'inc_ and 16 hex digits of SHA-256 over the first-seen mention; kept for good, merges are redirects.';
COMMENT ON COLUMN incident.rule IS 'Rule in sql/rules by which claims were folded.';
COMMENT ON COLUMN incident.event_type IS 'Type of the event.';
COMMENT ON COLUMN incident.starts_on IS 'First possible day of the event.';
COMMENT ON COLUMN incident.ends_on IS 'Last possible day of the event.';
COMMENT ON COLUMN incident.date_precision IS 'How exactly the date is known.';
COMMENT ON COLUMN incident.place_id IS 'Place in the gazetteer.';
COMMENT ON COLUMN incident.place_name IS 'Most specific place named.';
COMMENT ON COLUMN incident.country IS 'Side of the border on which it happened.';
COMMENT ON COLUMN incident.admin1 IS 'Province.';
COMMENT ON COLUMN incident.admin2 IS 'District or county.';
COMMENT ON COLUMN incident.lat IS 'Latitude, decimal degrees, WGS 84.';
COMMENT ON COLUMN incident.lon IS 'Longitude, decimal degrees, WGS 84.';
COMMENT ON COLUMN incident.where_prec IS 'UCDP where_prec: 1 exact place to 7 international waters or airspace.';
COMMENT ON COLUMN incident.km_to_border IS 'Distance to the Iran-Pakistan border in km.';
COMMENT ON COLUMN incident.perpetrator_id IS 'Actor who did it.';
COMMENT ON COLUMN incident.perpetrator IS 'Name of the actor who did it; null where nobody is named.';
COMMENT ON COLUMN incident.perpetrator_stance IS 'How the perpetrator is known.';
COMMENT ON COLUMN incident.claimed_by IS 'Actor who claimed the event.';
COMMENT ON COLUMN incident.target IS 'Against whom it was done.';
COMMENT ON COLUMN incident.weapons IS 'Weapons named.';
COMMENT ON COLUMN incident.killed_low IS 'Lowest credible number of dead, all groups.';
COMMENT ON COLUMN incident.killed_best IS 'Best number of dead, all groups, attackers included where the sources count them.';
COMMENT ON COLUMN incident.killed_high IS 'Highest credible number of dead; null where open.';
COMMENT ON COLUMN incident.injured_low IS 'Lowest credible number of injured.';
COMMENT ON COLUMN incident.injured_best IS 'Best number of injured.';
COMMENT ON COLUMN incident.injured_high IS 'Highest credible number of injured; null where open.';
COMMENT ON COLUMN incident.killed_security_forces IS 'Of killed_best: members of state forces.';
COMMENT ON COLUMN incident.killed_civilians IS 'Of killed_best: civilians.';
COMMENT ON COLUMN incident.killed_attackers IS 'Of killed_best: the side that attacked, or militants killed in a raid.';
COMMENT ON COLUMN incident.killed_unknown IS 'Of killed_best: persons whose side is not told.';
COMMENT ON COLUMN incident.killed_claimed IS 'Dead known only from the claim of one side; never part of killed_low, killed_best or killed_high.';
COMMENT ON COLUMN incident.injured_claimed IS 'Injured known only from the claim of one side.';
COMMENT ON COLUMN incident.abducted_best IS 'Best number of abducted.';
COMMENT ON COLUMN incident.arrested_best IS 'Best number of arrested.';
COMMENT ON COLUMN incident.n_mentions IS 'Mentions that talk about it.';
COMMENT ON COLUMN incident.n_articles IS 'Articles that talk about it.';
COMMENT ON COLUMN incident.n_independent IS 'Independent sources: copies of one wire count once.';
COMMENT ON COLUMN incident.n_languages IS 'Languages in which it was reported.';
COMMENT ON COLUMN incident.contested IS 'Fields on which independent sources disagree.';
COMMENT ON COLUMN incident.is_uncertain IS 'True where a link to one of its mentions should be looked at.';
COMMENT ON COLUMN incident.first_seen_at IS 'When the first claim about it could be seen.';
COMMENT ON COLUMN incident.last_seen_at IS 'When the latest claim about it could be seen.';
COMMENT ON COLUMN incident.confidence IS 'How sure we are that it happened as told, 0 to 1.';
COMMENT ON COLUMN incident.headline IS 'One line made of the columns: what, where, when.';
