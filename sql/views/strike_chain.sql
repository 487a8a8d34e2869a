-- Which attacks led to a strike across the border and on to a counter-strike, and how sure is each step?
CREATE OR REPLACE VIEW strike_chain AS
SELECT
    s.earlier_id AS attack_id, s.earlier AS attack, s.earlier_on AS attack_on,
    s.later_id AS strike_id, s.later AS strike, s.later_on AS strike_on, s.link AS strike_link, s.said_by AS strike_said_by,
    c.later_id AS counter_strike_id, c.later AS counter_strike, c.later_on AS counter_strike_on, c.link AS counter_strike_link,
    coalesce(c.said_by, []) AS counter_strike_said_by
FROM cross_border_link AS s
LEFT JOIN cross_border_link AS c ON c.earlier_id = s.later_id
-- What is itself a counter-strike stands at the end of a chain, not at its head.
WHERE NOT s.is_counter_strike
ORDER BY strike_on, strike_id, strike_link, attack_on DESC, attack_id, counter_strike_on, counter_strike_id;
COMMENT ON COLUMN strike_chain.attack_id IS 'Attack that came first.';
COMMENT ON COLUMN strike_chain.attack IS 'Its headline.';
COMMENT ON COLUMN strike_chain.attack_on IS 'Its first possible day.';
COMMENT ON COLUMN strike_chain.strike_id IS 'Incident on the other side that answers it.';
COMMENT ON COLUMN strike_chain.strike IS 'Its headline.';
COMMENT ON COLUMN strike_chain.strike_on IS 'Its first possible day.';
COMMENT ON COLUMN strike_chain.strike_link IS 'claimed by a source, or inferred from sides, places and days.';
COMMENT ON COLUMN strike_chain.strike_said_by IS 'Outlets that claim it; empty where it is inferred.';
COMMENT ON COLUMN strike_chain.counter_strike_id IS 'Incident that answers the strike; null where none did.';
COMMENT ON COLUMN strike_chain.counter_strike IS 'Its headline.';
COMMENT ON COLUMN strike_chain.counter_strike_on IS 'Its first possible day.';
COMMENT ON COLUMN strike_chain.counter_strike_link IS 'claimed by a source, or inferred from sides, places and days.';
COMMENT ON COLUMN strike_chain.counter_strike_said_by IS 'Outlets that claim it; empty where it is inferred.';
