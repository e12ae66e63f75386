CREATE TABLE subjects(ref text NOT NULL, lookup text NOT NULL, PRIMARY KEY(lookup, ref));
CREATE INDEX subjects_by_ref ON subjects(ref);
CREATE TABLE uses(subject text NOT NULL, record text NOT NULL, PRIMARY KEY(subject, record));
CREATE TABLE restrictions(lookup text PRIMARY KEY, time text NOT NULL);
CREATE TABLE subject_keys(subject text PRIMARY KEY, key bytea NOT NULL);
CREATE TABLE contents(record text PRIMARY KEY, time text NOT NULL, purpose text NOT NULL, box bytea NOT NULL);
CREATE TABLE holdings(subject text NOT NULL, what text NOT NULL, name text NOT NULL, PRIMARY KEY(subject, what, name));
CREATE INDEX holdings_by_name ON holdings(name, what);
CREATE INDEX contents_by_time ON contents(time, record);
CREATE TABLE legal_holds(id text PRIMARY KEY, time text NOT NULL, scope bytea NOT NULL);
CREATE TABLE epochs(name text PRIMARY KEY, value bigint NOT NULL);
INSERT INTO epochs VALUES('subjects', 0);
CREATE TABLE purging(reason text PRIMARY KEY);
CREATE TABLE dead_letters(
    sink text NOT NULL, position bigint NOT NULL, record text NOT NULL, error text NOT NULL, tries bigint NOT NULL,
    time text NOT NULL, PRIMARY KEY(sink, position));
CREATE FUNCTION records_noted() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = {schema}, pg_temp AS $$ BEGIN
    IF EXISTS(SELECT 1 FROM fresh WHERE position < 1 OR position > (SELECT last_value FROM records_position_seq)) THEN
        RAISE EXCEPTION 'the position of a record is not the writer''s to choose';  -- sinks read on from the last one
    END IF;
    INSERT INTO heads SELECT DISTINCT ON (chain) chain, seq, hash FROM fresh ORDER BY chain, seq DESC
        ON CONFLICT (chain) DO UPDATE SET seq=excluded.seq, hash=excluded.hash;
    INSERT INTO open_intents SELECT id, chain, call_id, purpose FROM fresh WHERE kind='intent';
    DELETE FROM open_intents WHERE intent_id IN (SELECT intent_id FROM fresh WHERE kind='outcome');
    RETURN NULL;
END $$;
CREATE TRIGGER records_noted AFTER INSERT ON records REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION records_noted();
CREATE FUNCTION records_stay() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = {schema}, pg_temp AS $$ BEGIN
    IF TG_OP = 'UPDATE' AND EXISTS(SELECT 1 FROM purging) AND NEW.bytes = '' AND ROW(NEW.position, NEW.chain, NEW.seq,
        NEW.id, NEW.time, NEW.kind, NEW.call_id, NEW.intent_id, NEW.purpose, NEW.hash) IS NOT DISTINCT FROM
        ROW(OLD.position, OLD.chain, OLD.seq, OLD.id, OLD.time, OLD.kind, OLD.call_id, OLD.intent_id, OLD.purpose, OLD.hash)
        THEN RETURN NEW;
    END IF;
    RAISE EXCEPTION 'records of a ledger are append-only';
END $$;
CREATE TRIGGER records_stay BEFORE UPDATE OR DELETE ON records FOR EACH ROW EXECUTE FUNCTION records_stay();
CREATE TRIGGER records_are_kept BEFORE TRUNCATE ON records FOR EACH STATEMENT EXECUTE FUNCTION records_stay();
CREATE FUNCTION writer_anew() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = {schema}, pg_temp AS $$ BEGIN
    DELETE FROM writers WHERE chain=NEW.chain;
    IF NEW.alive_until <= 0 THEN RETURN NULL; END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER writer_anew BEFORE INSERT ON writers FOR EACH ROW EXECUTE FUNCTION writer_anew();
CREATE FUNCTION cursor_anew() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = {schema}, pg_temp AS $$ BEGIN
    DELETE FROM cursors WHERE sink=NEW.sink;
    RETURN NEW;
END $$;
CREATE TRIGGER cursor_anew BEFORE INSERT ON cursors FOR EACH ROW EXECUTE FUNCTION cursor_anew();
