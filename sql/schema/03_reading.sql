-- What the reader found in an article.

CREATE TABLE entity (
    entity_id VARCHAR PRIMARY KEY,
    article_id VARCHAR NOT NULL,
    source_id VARCHAR NOT NULL,
    day DATE NOT NULL,
    kind VARCHAR NOT NULL CHECK (kind IN ('actor', 'person', 'place', 'weapon', 'target')),
    canonical_id VARCHAR,
    name VARCHAR NOT NULL,
    char_start INTEGER NOT NULL CHECK (char_start >= 0),
    char_end INTEGER NOT NULL,
    quote VARCHAR NOT NULL,
    detail VARCHAR,
    confidence DOUBLE NOT NULL CHECK (confidence BETWEEN 0 AND 1),
    rule VARCHAR NOT NULL,
    CHECK (char_end > char_start)
);
COMMENT ON TABLE entity IS 'One naming of an actor, person, place, weapon or target in an article.';
COMMENT ON COLUMN entity.entity_id IS 'ent_ and 16 hex digits of SHA-256 over article, kind and span.';
COMMENT ON COLUMN entity.article_id IS 'Article in which it is named.';
COMMENT ON COLUMN entity.source_id IS 'Publisher.';
COMMENT ON COLUMN entity.day IS 'Day whose run owns the article.';
COMMENT ON COLUMN entity.kind IS 'What is named.';
COMMENT ON COLUMN entity.canonical_id IS 'actor_id or place_id, or the lexicon key of a weapon or target; null for persons and unknown names.';
COMMENT ON COLUMN entity.name IS 'Canonical name.';
COMMENT ON COLUMN entity.char_start IS 'First character of the quote in the article text.';
COMMENT ON COLUMN entity.char_end IS 'Character after the last of the quote.';
COMMENT ON COLUMN entity.quote IS 'The words: text[char_start:char_end].';
COMMENT ON COLUMN entity.detail IS 'Office or role of a person, country of a place and the like.';
COMMENT ON COLUMN entity.confidence IS 'How sure the reader is, 0 to 1.';
COMMENT ON COLUMN entity.rule IS 'Lexicon entry or rule that found it.';

CREATE TABLE mention (
    mention_id VARCHAR PRIMARY KEY,
    article_id VARCHAR NOT NULL,
    source_id VARCHAR NOT NULL,
    day DATE NOT NULL,
    char_start INTEGER NOT NULL CHECK (char_start >= 0),
    char_end INTEGER NOT NULL,
    quote VARCHAR NOT NULL,
    event_type VARCHAR NOT NULL CHECK (event_type IN (
        'air_strike', 'drone_strike', 'missile_strike', 'bombing', 'suicide_bombing', 'ied_explosion',
        'armed_attack', 'ambush', 'armed_clash', 'assassination', 'raid_operation', 'arrest', 'abduction',
        'shelling', 'border_skirmish', 'execution', 'protest_crackdown', 'other')),
    role VARCHAR NOT NULL CHECK (role IN ('main', 'background')),
    polarity VARCHAR NOT NULL CHECK (polarity IN ('asserted', 'negated', 'hypothetical', 'planned', 'historical')),
    is_in_theatre BOOLEAN NOT NULL,
    rule VARCHAR NOT NULL,
    extractor_version VARCHAR NOT NULL,
    confidence DOUBLE NOT NULL CHECK (confidence BETWEEN 0 AND 1),
    seen_at TIMESTAMPTZ NOT NULL,
    CHECK (char_end > char_start)
);
COMMENT ON TABLE mention IS 'One reading of one event in one article.';
COMMENT ON COLUMN mention.mention_id IS 'men_ and 16 hex digits of SHA-256 over article and span.';
COMMENT ON COLUMN mention.article_id IS 'Article that tells of the event.';
COMMENT ON COLUMN mention.source_id IS 'Publisher.';
COMMENT ON COLUMN mention.day IS 'Day whose run owns the article.';
COMMENT ON COLUMN mention.char_start IS 'First character of the sentence or clause that tells the event.';
COMMENT ON COLUMN mention.char_end IS 'Character after the last of it.';
COMMENT ON COLUMN mention.quote IS 'The words: text[char_start:char_end].';
COMMENT ON COLUMN mention.event_type IS 'Type of the event.';
COMMENT ON COLUMN mention.role IS 'main: news of the article; background: recounted by it.';
COMMENT ON COLUMN mention.polarity IS 'asserted, negated, hypothetical, planned or historical.';
COMMENT ON COLUMN mention.is_in_theatre IS 'True in Sistan and Baluchestan, in Balochistan or across the Iran-Pakistan border.';
COMMENT ON COLUMN mention.rule IS 'Lexicon entry that triggered it.';
COMMENT ON COLUMN mention.extractor_version IS 'Version of code and lexicons that read it.';
COMMENT ON COLUMN mention.confidence IS 'How sure the reader is, 0 to 1.';
COMMENT ON COLUMN mention.seen_at IS 'seen_at of the article.';

CREATE TABLE claim (
    claim_id VARCHAR PRIMARY KEY,
    mention_id VARCHAR NOT NULL,
    article_id VARCHAR NOT NULL,
    source_id VARCHAR NOT NULL,
    day DATE NOT NULL,
    field VARCHAR NOT NULL CHECK (field IN (
        'event_type', 'date', 'place', 'perpetrator', 'claimed_by', 'target', 'weapon',
        'killed', 'injured', 'abducted', 'arrested')),
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
    qualifier VARCHAR NOT NULL CHECK (qualifier IN ('exact', 'at_least', 'up_to', 'about', 'vague')),
    speaker VARCHAR,
    speaker_type VARCHAR NOT NULL CHECK (speaker_type IN (
        'government', 'military', 'police', 'militant', 'witness', 'medical', 'ngo', 'media', 'unnamed', 'analyst')),
    stance VARCHAR NOT NULL CHECK (stance IN ('reported', 'claimed', 'accused', 'denied', 'possible')),
    quote VARCHAR NOT NULL,
    char_start INTEGER NOT NULL CHECK (char_start >= 0),
    char_end INTEGER NOT NULL,
    said_at TIMESTAMPTZ,
    seen_at TIMESTAMPTZ NOT NULL,
    rule VARCHAR NOT NULL,
    extractor_version VARCHAR NOT NULL,
    confidence DOUBLE NOT NULL CHECK (confidence BETWEEN 0 AND 1),
    CHECK (low IS NULL OR best IS NULL OR low <= best),
    CHECK (best IS NULL OR high IS NULL OR best <= high),
    CHECK (starts_on IS NULL OR ends_on IS NULL OR starts_on <= ends_on)
);
COMMENT ON TABLE claim IS 'One field of a mention: a value, its speaker, stance and span. Incidents fold from claims; nothing else feeds them.';
COMMENT ON COLUMN claim.claim_id IS 'clm_ and 16 hex digits of SHA-256 over mention, field, group, span and value.';
COMMENT ON COLUMN claim.mention_id IS 'Mention to which the field belongs.';
COMMENT ON COLUMN claim.article_id IS 'Article with the quote; the correction id for a correction by an analyst.';
COMMENT ON COLUMN claim.source_id IS 'Publisher; "analyst" for a correction.';
COMMENT ON COLUMN claim.day IS 'Day whose run owns the article.';
COMMENT ON COLUMN claim.field IS 'Field of the incident that is claimed.';
COMMENT ON COLUMN claim.victim_group IS 'For tolls: whom the figure counts; null for other fields.';
COMMENT ON COLUMN claim.value IS 'The value as text: type, canonical name, ISO date or range, figure; null where the words name none.';
COMMENT ON COLUMN claim.canonical_id IS 'actor_id or place_id of the value.';
COMMENT ON COLUMN claim.low IS 'For tolls: lowest figure that the words support.';
COMMENT ON COLUMN claim.best IS 'For tolls: the figure that the words give.';
COMMENT ON COLUMN claim.high IS 'For tolls: highest figure that the words support; null where open.';
COMMENT ON COLUMN claim.starts_on IS 'For dates: first possible day.';
COMMENT ON COLUMN claim.ends_on IS 'For dates: last possible day.';
COMMENT ON COLUMN claim.precision IS 'For dates: day, days, week, month, year or unknown.';
COMMENT ON COLUMN claim.country IS 'For places: country, ISO 3166-1 alpha-2 or other.';
COMMENT ON COLUMN claim.admin1 IS 'For places: province.';
COMMENT ON COLUMN claim.lat IS 'For places: latitude, decimal degrees.';
COMMENT ON COLUMN claim.lon IS 'For places: longitude, decimal degrees.';
COMMENT ON COLUMN claim.where_prec IS 'For places: UCDP where_prec, 1 exact to 7.';
COMMENT ON COLUMN claim.qualifier IS 'How the words bind the figure.';
COMMENT ON COLUMN claim.speaker IS 'Who says it, as named in the text; null where the outlet itself reports.';
COMMENT ON COLUMN claim.speaker_type IS 'Kind of speaker.';
COMMENT ON COLUMN claim.stance IS 'reported as fact, claimed by its author, accused by another, denied, or merely possible.';
COMMENT ON COLUMN claim.quote IS 'The words: text[char_start:char_end].';
COMMENT ON COLUMN claim.char_start IS 'First character of the quote in the article text.';
COMMENT ON COLUMN claim.char_end IS 'Character after the last of the quote.';
COMMENT ON COLUMN claim.said_at IS 'When it was said: publication time of the article where known.';
COMMENT ON COLUMN claim.seen_at IS 'When Sarhad could first know the claim. As-of questions fold claims by it.';
COMMENT ON COLUMN claim.rule IS 'Lexicon entry or rule that read the value.';
COMMENT ON COLUMN claim.extractor_version IS 'Version of code and lexicons that read it.';
COMMENT ON COLUMN claim.confidence IS 'How sure the reader is, 0 to 1.';
