-- What was found, fetched and cleaned.

CREATE TABLE link (
    link_id VARCHAR PRIMARY KEY,
    source_id VARCHAR NOT NULL,
    day DATE NOT NULL,
    url VARCHAR NOT NULL,
    title VARCHAR,
    published_at TIMESTAMPTZ,
    modified_at TIMESTAMPTZ,
    adapter VARCHAR NOT NULL,
    found_in VARCHAR NOT NULL
);
COMMENT ON TABLE link IS 'A discovered address: one per source, day and address.';
COMMENT ON COLUMN link.link_id IS 'lnk_ and 16 hex digits of SHA-256 over source, day and address.';
COMMENT ON COLUMN link.source_id IS 'Publisher.';
COMMENT ON COLUMN link.day IS 'Day (UTC) whose run owns the link: that of its publication or modification.';
COMMENT ON COLUMN link.url IS 'Address as found, without fragments and tracking parameters.';
COMMENT ON COLUMN link.title IS 'Title that the feed or sitemap gives.';
COMMENT ON COLUMN link.published_at IS 'Publication time that the feed or sitemap gives.';
COMMENT ON COLUMN link.modified_at IS 'Modification time that the feed or sitemap gives.';
COMMENT ON COLUMN link.adapter IS 'Discovery adapter that found it (rss, atom, news_sitemap, sitemap, ...).';
COMMENT ON COLUMN link.found_in IS 'Address of the feed or sitemap in which it was found.';

CREATE TABLE capture (
    capture_id VARCHAR PRIMARY KEY,
    link_id VARCHAR NOT NULL,
    source_id VARCHAR NOT NULL,
    day DATE NOT NULL,
    url VARCHAR NOT NULL,
    final_url VARCHAR NOT NULL,
    status INTEGER NOT NULL,
    content_type VARCHAR,
    fetched_at TIMESTAMPTZ NOT NULL,
    seen_at TIMESTAMPTZ NOT NULL,
    body_sha256 VARCHAR NOT NULL,
    n_bytes BIGINT NOT NULL CHECK (n_bytes >= 0),
    etag VARCHAR,
    last_modified VARCHAR,
    warc_file VARCHAR NOT NULL,
    warc_offset BIGINT NOT NULL CHECK (warc_offset >= 0)
);
COMMENT ON TABLE capture IS 'The bytes that were fetched for a link; they lie in a WARC file.';
COMMENT ON COLUMN capture.capture_id IS 'cap_ and 16 hex digits of SHA-256 over link and body digest.';
COMMENT ON COLUMN capture.link_id IS 'Link that was fetched.';
COMMENT ON COLUMN capture.source_id IS 'Publisher.';
COMMENT ON COLUMN capture.day IS 'Day whose run owns the capture.';
COMMENT ON COLUMN capture.url IS 'Address that was asked for.';
COMMENT ON COLUMN capture.final_url IS 'Address that answered, after redirects.';
COMMENT ON COLUMN capture.status IS 'HTTP status of the answer.';
COMMENT ON COLUMN capture.content_type IS 'Content-Type header.';
COMMENT ON COLUMN capture.fetched_at IS 'When the answer came in.';
COMMENT ON COLUMN capture.seen_at IS 'When this state could first be seen: Memento-Datetime of an archive, else fetched_at.';
COMMENT ON COLUMN capture.body_sha256 IS 'SHA-256 of the decoded body.';
COMMENT ON COLUMN capture.n_bytes IS 'Length of the decoded body in bytes.';
COMMENT ON COLUMN capture.etag IS 'ETag header.';
COMMENT ON COLUMN capture.last_modified IS 'Last-Modified header, as sent.';
COMMENT ON COLUMN capture.warc_file IS 'WARC file, relative to the archive folder.';
COMMENT ON COLUMN capture.warc_offset IS 'Offset of the response record in that file, in bytes.';

CREATE TABLE article (
    article_id VARCHAR PRIMARY KEY,
    capture_id VARCHAR NOT NULL,
    source_id VARCHAR NOT NULL,
    day DATE NOT NULL,
    url VARCHAR NOT NULL,
    title VARCHAR,
    author VARCHAR,
    published_at TIMESTAMPTZ,
    published_precision VARCHAR NOT NULL CHECK (published_precision IN ('second', 'day', 'unknown')),
    published_from VARCHAR NOT NULL CHECK (published_from IN ('page', 'feed', 'sitemap', 'none')),
    modified_at TIMESTAMPTZ,
    zone VARCHAR NOT NULL,
    language VARCHAR NOT NULL,
    text VARCHAR NOT NULL,
    text_sha256 VARCHAR NOT NULL,
    minhash BIGINT[],
    copy_of VARCHAR,
    cites VARCHAR[],
    seen_at TIMESTAMPTZ NOT NULL
);
COMMENT ON TABLE article IS 'Text and metadata of a captured page. A changed page under the same address is a new row.';
COMMENT ON COLUMN article.article_id IS 'art_ and 16 hex digits of SHA-256 over address and body digest.';
COMMENT ON COLUMN article.capture_id IS 'Capture from which it was cleaned.';
COMMENT ON COLUMN article.source_id IS 'Publisher.';
COMMENT ON COLUMN article.day IS 'Day whose run owns the article.';
COMMENT ON COLUMN article.url IS 'Canonical address.';
COMMENT ON COLUMN article.title IS 'Headline.';
COMMENT ON COLUMN article.author IS 'Byline.';
COMMENT ON COLUMN article.published_at IS 'Publication time; midnight in the zone of the source where only the day is known.';
COMMENT ON COLUMN article.published_precision IS 'How exactly the publication time is known.';
COMMENT ON COLUMN article.published_from IS 'Where the publication time was read.';
COMMENT ON COLUMN article.modified_at IS 'Time of the last change that the page states.';
COMMENT ON COLUMN article.zone IS 'IANA time zone in which the outlet counts its days.';
COMMENT ON COLUMN article.language IS 'Language of the text, ISO 639-1.';
COMMENT ON COLUMN article.text IS 'Main text; spans of claims are character offsets into it.';
COMMENT ON COLUMN article.text_sha256 IS 'SHA-256 of the text in UTF-8.';
COMMENT ON COLUMN article.minhash IS 'MinHash signature of the text for near-duplicate search.';
COMMENT ON COLUMN article.copy_of IS 'Earliest article of the day of which this is a near-identical copy.';
COMMENT ON COLUMN article.cites IS 'Wires and outlets that the text itself names as its source.';
COMMENT ON COLUMN article.seen_at IS 'seen_at of the capture: before it, nobody could have known this text from this archive.';
