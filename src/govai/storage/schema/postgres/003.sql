-- What records name of earlier ones (derived_from, fetches, batch) and of tickets, to be walked the other way.
CREATE TABLE links(parent text NOT NULL, child text NOT NULL, kind text NOT NULL, PRIMARY KEY(parent, child, kind));
INSERT INTO links SELECT value, id, name FROM (
    SELECT r.id, n.name, convert_from(r.bytes, 'UTF8')::json -> 'body' ->> n.name AS value
    FROM records r, (VALUES ('fetches'), ('batch'), ('ticket')) AS n(name) WHERE length(r.bytes) > 0) AS named
    WHERE value<>'' ON CONFLICT DO NOTHING;
