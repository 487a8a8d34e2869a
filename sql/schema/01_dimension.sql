-- Dimensions: who publishes, who acts, where. Filled from config/ at every load; disposable.

CREATE TABLE source (
    source_id VARCHAR PRIMARY KEY,
    name VARCHAR NOT NULL,
    language VARCHAR NOT NULL,
    country VARCHAR,
    kind VARCHAR NOT NULL CHECK (kind IN ('newspaper', 'wire', 'agency', 'broadcaster', 'militant', 'ngo', 'government', 'other')),
    homepage VARCHAR NOT NULL,
    wire_family VARCHAR,
    is_demo BOOLEAN NOT NULL
);
COMMENT ON TABLE source IS 'A publisher and how to reach it. One row per file in config/sources.';
COMMENT ON COLUMN source.source_id IS 'Short stable name of the publisher; the file name in config/sources.';
COMMENT ON COLUMN source.name IS 'Name that the publisher gives itself.';
COMMENT ON COLUMN source.language IS 'Main language, ISO 639-1.';
COMMENT ON COLUMN source.country IS 'Country of the newsroom, ISO 3166-1 alpha-2.';
COMMENT ON COLUMN source.kind IS 'What kind of publisher it is.';
COMMENT ON COLUMN source.homepage IS 'Address of the front page.';
COMMENT ON COLUMN source.wire_family IS 'Wire whose copy the publisher reprints; sources of one family are not independent.';
COMMENT ON COLUMN source.is_demo IS 'True for invented outlets of the demo newsroom.';

CREATE TABLE actor (
    actor_id VARCHAR PRIMARY KEY,
    name VARCHAR NOT NULL,
    kind VARCHAR NOT NULL,
    side VARCHAR NOT NULL,
    parent_id VARCHAR,
    acled_inter INTEGER CHECK (acled_inter BETWEEN 1 AND 8),
    is_umbrella BOOLEAN NOT NULL
);
COMMENT ON TABLE actor IS 'An armed group, force, class of people or body that news names. One row per entry in config/actors.yml.';
COMMENT ON COLUMN actor.actor_id IS 'Stable slug.';
COMMENT ON COLUMN actor.name IS 'Canonical English name.';
COMMENT ON COLUMN actor.kind IS 'rebel, state_force, militia, police, paramilitary, government, unknown, civilian, criminal, foreign_state or political.';
COMMENT ON COLUMN actor.side IS 'State to which the actor belongs: IR, PK, AF, other or none.';
COMMENT ON COLUMN actor.parent_id IS 'Organisation of which the actor is a wing or unit.';
COMMENT ON COLUMN actor.acled_inter IS 'ACLED inter code: 1 state forces, 2 rebel groups, 3 political militias, 4 identity militias, 5 rioters, 6 protesters, 7 civilians, 8 external or other forces.';
COMMENT ON COLUMN actor.is_umbrella IS 'True where the words are a label that names nobody (Fitna al Hindustan, miscreants).';

CREATE TABLE place (
    place_id VARCHAR PRIMARY KEY,
    name VARCHAR NOT NULL,
    kind VARCHAR NOT NULL,
    country VARCHAR NOT NULL,
    admin1 VARCHAR,
    admin2 VARCHAR,
    lat DOUBLE CHECK (lat BETWEEN -90 AND 90),
    lon DOUBLE CHECK (lon BETWEEN -180 AND 180),
    where_prec INTEGER CHECK (where_prec BETWEEN 1 AND 7),
    km_to_border DOUBLE,
    note VARCHAR,
    origin VARCHAR NOT NULL
);
COMMENT ON TABLE place IS 'A place of the gazetteer (config/gazetteer), with which side of the border it lies on.';
COMMENT ON COLUMN place.place_id IS 'Stable slug with the country as its first part.';
COMMENT ON COLUMN place.name IS 'Most common English spelling.';
COMMENT ON COLUMN place.kind IS 'province, district, city, town, village, border_post, crossing, road, area and the like.';
COMMENT ON COLUMN place.country IS 'Side of the border, ISO 3166-1 alpha-2.';
COMMENT ON COLUMN place.admin1 IS 'Province in English.';
COMMENT ON COLUMN place.admin2 IS 'District or county in English.';
COMMENT ON COLUMN place.lat IS 'Latitude, decimal degrees, WGS 84.';
COMMENT ON COLUMN place.lon IS 'Longitude, decimal degrees, WGS 84.';
COMMENT ON COLUMN place.where_prec IS 'UCDP where_prec that a mention of this place alone supports.';
COMMENT ON COLUMN place.km_to_border IS 'Distance to the Iran-Pakistan border in km.';
COMMENT ON COLUMN place.note IS 'What a reader must know, such as a homonym across the border.';
COMMENT ON COLUMN place.origin IS 'Where coordinates and name come from.';
