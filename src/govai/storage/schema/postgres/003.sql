ALTER TABLE cursors ADD COLUMN holder text NOT NULL DEFAULT '';
ALTER TABLE cursors ADD COLUMN alive_until double precision NOT NULL DEFAULT 0;
ALTER TABLE cursors ADD COLUMN tries bigint NOT NULL DEFAULT 0;
ALTER TABLE cursors ADD COLUMN error text NOT NULL DEFAULT '';
ALTER TABLE cursors ADD COLUMN since text NOT NULL DEFAULT '';
CREATE FUNCTION letter_anew() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = {schema}, pg_temp AS $$ BEGIN
    DELETE FROM dead_letters WHERE sink=NEW.sink AND position=NEW.position;
    RETURN NEW;
END $$;
CREATE TRIGGER letter_anew BEFORE INSERT ON dead_letters FOR EACH ROW EXECUTE FUNCTION letter_anew();
-- What records name of earlier ones (derived_from, fetches, batch) and of tickets, to be walked the other way.
CREATE TABLE links(parent text NOT NULL, child text NOT NULL, kind text NOT NULL, PRIMARY KEY(parent, child, kind));
INSERT INTO links SELECT value, id, name FROM (
    SELECT r.id, n.name, convert_from(r.bytes, 'UTF8')::json -> 'body' ->> n.name AS value
    FROM records r, (VALUES ('fetches'), ('batch'), ('ticket')) AS n(name) WHERE length(r.bytes) > 0) AS named
    WHERE value<>'' ON CONFLICT DO NOTHING;
