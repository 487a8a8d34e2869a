-- What would the incidents look like under another rule?
-- by_rule('acled_conservative'); the names are those of sql/rules.
CREATE OR REPLACE MACRO by_rule(which) AS TABLE
SELECT * FROM fold(which, TIMESTAMPTZ '9999-01-01 00:00:00+00');
